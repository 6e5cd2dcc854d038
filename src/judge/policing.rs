//! Echoes that a device does not care to answer, told from echoes that are lost on the way; pure.
//!
//! Routers answer pings when they have nothing better to do, and many answer only so many a second; the budget is
//! shared with everybody else who pings them. Such a limit looks like loss. Three things tell it apart:
//!
//! - *pace*: a way loses the same share of quick echoes as of slow ones; a limit loses most of the quick ones;
//! - *method*: a way loses polls and handshakes as it loses echoes; a limit on ICMP loses none of them;
//! - *what lies behind*: whoever is reached through a node through no other way loses what its way loses.
//!
//! Each is compared by Fisher's exact test, so that few echoes say little. But that test takes echoes for
//! independent, and loss that comes in bursts is not: twenty quick echoes may all fall into one burst. So a test of
//! the pace begins right after an echo that was answered, it must lose most of its echoes, and two must agree. What
//! it lost counts only once a round has been answered after it: an outage in its middle is none.
//!
//! A limit that is slower than an inquiry asks, on a node that answers to nothing but pings, can look like an outage
//! before anything is known of it; from the second lost echo on such a node is asked slower.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::model::reading::{Answer, Reading};

/// Echoes of one test of the pace: forty a second, at which whatever limits
/// echoes loses some, for half a second, which no line notices.
pub const QUICK: u8 = 24;
/// Time between two of them.
pub const QUICK_SPACING: Duration = Duration::from_millis(25);

/// What is remembered: ten minutes of rounds, an hour of polls; not more than fits a word.
const REMEMBERED: u32 = 60;

/// So many lost of the newest so many make a node worth a question.
const LOST: u32 = 2;
const NEWEST: u32 = 20;

/// The chance of being wrong at which a limit is called one: with a few looks at each lossy node, one in a hundred.
const SURE: f64 = 0.001;

/// Tests that must agree, and the share of its echoes that each must have lost, alone and beyond the rounds'.
const AGREE: usize = 2;
const MOST_OF_THEM: f64 = 0.5;
const BEYOND: f64 = 0.25;

/// Tests until loss is taken for loss on the way, the least time between two, and the time after which a settled
/// opinion is tried again.
const TESTS: u8 = 4;
const BETWEEN: Duration = Duration::from_secs(25);
const AGAIN: Duration = Duration::from_mins(10);

/// A test is over this long after it began, whatever came back.
const LONGEST: Duration = Duration::from_secs(3);

/// Sent and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Count {
    pub sent: u32,
    pub lost: u32,
}

impl Count {
    fn ratio(self) -> f64 {
        f64::from(self.lost) / f64::from(self.sent.max(1))
    }

    /// Returns both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
        }
    }
}

/// What is thought of a node's lost echoes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opinion {
    /// None are lost, or it is not known yet why.
    #[default]
    Open,
    /// The node limits its answers.
    Policed,
    /// The way loses them.
    Lossy,
}

/// The newest answers, a bit each, so that counting them costs nothing: it is done at every echo.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    /// The newest lowest; 1 is lost.
    lost: u64,
    sent: u32,
}

impl Answers {
    fn push(&mut self, answered: bool) {
        self.lost = self.lost << 1 | u64::from(!answered);
        self.sent = (self.sent + 1).min(REMEMBERED);
    }

    /// Counts the newest, at most `last`.
    fn newest(self, last: u32) -> Count {
        let sent = self.sent.min(last);
        Count {
            sent,
            lost: (self.lost & ((1 << sent) - 1)).count_ones(),
        }
    }

    fn all(self) -> Count {
        self.newest(REMEMBERED)
    }
}

/// What one node's answers say of it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Echoes of the rounds.
    usual: Answers,
    /// Tests that count, at most `TESTS`.
    quick: VecDeque<Count>,
    /// Echoes of the newest test, until a round has been answered after it.
    trying: Count,
    /// Polls and handshakes: one that was not answered at the first attempt is lost.
    others: Answers,
    /// When the running test began, and how many of its echoes are back.
    running: Option<(Instant, u8)>,
    tested: Option<Instant>,
    tests: u8,
    asked: Option<Instant>,
    opinion: Opinion,
    /// The opinion that it limits its answers has been confirmed by what was learnt since it was last doubted.
    proven: bool,
}

impl Account {
    /// Returns what is thought of it.
    #[must_use]
    pub fn opinion(&self) -> Opinion {
        self.opinion
    }

    /// Takes an echo if it belongs to a running test, and returns whether it does.
    pub fn takes(&mut self, reading: &Reading) -> bool {
        let Some((began, back)) = self.running else {
            return false;
        };
        if reading.asked < began || reading.asked > began + LONGEST {
            if reading.asked > began {
                self.running = None;
            }
            return false;
        }
        if !matches!(reading.answer, Answer::Unsent { .. }) {
            self.trying.sent += 1;
            self.trying.lost += u32::from(!reading.answer.is_heard());
        }
        self.asked = Some(reading.asked);
        self.running = (back + 1 < QUICK).then_some((began, back + 1));
        true
    }

    /// Takes an echo of no test: only those of rounds count, which come `apart` or more after the one before.
    ///
    /// Returns whether it did count.
    pub fn round(&mut self, asked: Instant, answered: bool, apart: Duration) -> bool {
        let is_round = self.asked.is_none_or(|last| asked >= last + apart);
        self.asked = self.asked.max(Some(asked));
        if !is_round {
            return false;
        }
        self.usual.push(answered);
        if answered && self.running.is_none() && self.trying.sent > 0 {
            if self.quick.len() >= TESTS.into() {
                self.quick.pop_front();
            }
            self.quick.push_back(std::mem::take(&mut self.trying));
        }
        true
    }

    /// Takes a poll or a handshake: whether it was answered at the first attempt.
    pub fn other(&mut self, at_once: bool) {
        self.others.push(at_once);
    }

    /// Forgets its answers, because it is silent: what an outage loses is neither limit nor quality. The opinion
    /// stays.
    pub fn outage(&mut self) {
        let opinion = self.opinion;
        *self = Self {
            opinion,
            tested: self.tested,
            asked: self.asked,
            ..Self::default()
        };
    }

    /// Returns its newest rounds.
    #[must_use]
    pub fn newest(&self) -> Count {
        self.usual.newest(NEWEST)
    }

    /// Returns whether enough of its newest echoes are lost to ask why, and some are answered.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        let newest = self.newest();
        let all = self.usual.all();
        newest.lost >= LOST && all.sent - all.lost >= LOST
    }

    /// Forms an opinion from what is known, with what is lost by those `behind` it, and returns whether it is a
    /// new one.
    pub fn weigh(&mut self, behind: Count) -> bool {
        let before = self.opinion;
        let usual = self.usual.all();
        let newest = self.newest();
        if newest.lost == 0 {
            // A limit is kept in mind for as long as its losses are: they come and go with other people's pings.
            if self.opinion == Opinion::Lossy || usual.lost == 0 {
                self.opinion = Opinion::Open;
                self.proven = false;
                self.quick.clear();
                self.tests = 0;
            }
            return self.opinion != before;
        }
        let is_over = self.tests >= TESTS && self.running.is_none() && self.trying.sent == 0;
        let is_limit = self.is_suspect()
            && (is_hurried_away(usual, self.quick.make_contiguous())
                || excess(usual, self.others.all().and(behind)) <= SURE);
        if is_limit {
            self.opinion = Opinion::Policed;
            self.proven = true;
        } else if !self.proven && is_over {
            self.opinion = Opinion::Lossy;
        }
        self.opinion != before
    }

    fn is_settled(&self) -> bool {
        self.proven || self.opinion == Opinion::Lossy
    }

    /// Returns whether a test of the pace is worth it now.
    #[must_use]
    pub fn may_begin(&self, now: Instant) -> bool {
        let rest = if self.is_settled() { AGAIN } else { BETWEEN };
        let is_rested = self
            .tested
            .is_none_or(|tested| now.saturating_duration_since(tested) >= rest);
        self.running.is_none() && is_rested && self.is_suspect()
    }

    /// Begins a test of the pace if one is worth it now, and returns whether it does.
    pub fn begin(&mut self, now: Instant) -> bool {
        if !self.may_begin(now) {
            return false;
        }
        if self.is_settled() {
            // Doubted anew: from here on only what is new counts, and a limit stays one until that is over.
            if self.opinion == Opinion::Lossy {
                self.opinion = Opinion::Open;
            }
            self.proven = false;
            self.quick.clear();
            self.others = Answers::default();
            self.tests = 0;
        }
        self.trying = Count::default();
        self.running = Some((now, 0));
        self.tested = Some(now);
        self.tests = self.tests.saturating_add(1);
        true
    }
}

/// Returns whether tests of the pace lost so much more than the rounds that hurry is the reason.
#[must_use]
pub fn is_hurried_away(usual: Count, tests: &[Count]) -> bool {
    let least = MOST_OF_THEM.max(usual.ratio() + BEYOND).min(0.95);
    let agree = tests.iter().filter(|test| test.ratio() >= least).count();
    let all = tests
        .iter()
        .fold(Count::default(), |all, test| all.and(*test));
    // Where more than one in two disagrees, chance chose the others.
    agree >= AGREE && 2 * agree >= tests.len() && excess(all, usual) <= SURE
}

/// Returns the chance that at least `more.lost` of all that is lost falls on `more`, if both lose alike (Fisher's
/// exact test, one side); 1 where there is nothing to compare. Cost O(lost).
#[must_use]
pub fn excess(more: Count, less: Count) -> f64 {
    let (sent, lost) = (more.sent + less.sent, more.lost + less.lost);
    let whole = ln_choose(sent, lost);
    let most = lost.min(more.sent);
    let least = more.lost.max(lost.saturating_sub(less.sent));
    let chance = |k| (ln_choose(more.sent, k) + ln_choose(less.sent, lost - k) - whole).exp();
    let first = chance(least);
    if first <= f64::MIN_POSITIVE {
        // From a term that is too small for a number the others cannot be had.
        return (least..=most).map(chance).sum::<f64>().min(1.0);
    }
    let next = |chance: &f64, k: u32| {
        let up = f64::from(more.sent - k) * f64::from(lost - k);
        chance * up / (f64::from(k + 1) * f64::from(less.sent + k + 1 - lost))
    };
    let mut chance = first;
    let mut sum = first;
    for k in least..most {
        chance = next(&chance, k);
        sum += chance;
    }
    sum.min(1.0)
}

/// Returns the logarithm of a binomial coefficient; `k` is at most `n`.
fn ln_choose(n: u32, k: u32) -> f64 {
    let k = k.min(n - k);
    let (mut sum, mut product) = (0.0, 1.0_f64);
    for at in 0..k {
        product *= f64::from(n - at) / f64::from(at + 1);
        // A logarithm is dear; one is taken only before the product leaves the numbers.
        if product > 1e290 {
            sum += product.ln();
            product = 1.0;
        }
    }
    sum + product.ln()
}

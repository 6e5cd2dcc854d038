//! One device asked by hand: every table of it, or one subtree, and why it is silent.
//!
//! A table that cannot be read hides no other, and the whole has one deadline. A device that knows us not is
//! silent by design (RFC 3414 §3.2 counts a wrong key and says so in a report that nobody signed); so after
//! silence the same user asks once more without any key, and what comes back is a hint and no more.

use std::time::{Duration, Instant};

use snmp::v3::ReportStatus;
use snmp::{Error, Oid, UsmConfig};

use crate::model::credential::Credential;
use crate::model::device::Device;
use crate::model::target::Target;
use crate::probe::poll::{Hint, PollError, Trouble, Unread, Walked, Whole};
use crate::probe::snmp::{LONGEST_TEXT, Poll, Poller, Stop};
use crate::wire::mib::Object;
use crate::wire::whole::{self, Group};

/// A poll by hand may keep this much: about a million objects.
const HEAVIEST: usize = 128 << 20;

/// Tables without which it is not known whom a device hears.
const HEARD: [Group; 2] = [Group::Lldp, Group::Cdp];

/// The longest text of a walk; a datagram carries no more.
const LONGEST_OF_A_WALK: usize = 65_535;

impl Poller {
    /// Reads the single objects and then every group, within a time.
    pub(crate) async fn whole(
        &self,
        target: &Target,
        credential: &Credential,
        groups: &[Group],
        within: Duration,
    ) -> Result<Whole, PollError> {
        let began = crate::clock::now();
        let mut poll = Poll::new(HEAVIEST, LONGEST_TEXT);
        let mut unread = Vec::new();
        let mut left = groups.iter().copied();
        let mut reading: Option<Group> = None;
        let work = async {
            let client = self.client(target, target.retries).await?;
            let system = Object::SYSTEM.iter().map(|object| object.at(0)).collect();
            poll.scalars(&client, system).await?;
            // Asked by themselves: an agent that stumbles over them is alive all the same, and its tables tell more.
            match poll.scalars(&client, whole::engine_objects()).await {
                Ok(()) | Err(Stop::Lost(_)) => {}
                Err(unsent) => return Err(unsent),
            }
            let once = self.client(target, 0).await?;
            for group in left.by_ref() {
                reading = Some(group);
                let end = poll.columns(&once, target.retries, group.columns()).await;
                let why = match end {
                    Ok(None) => continue,
                    Ok(Some(why)) | Err(Stop::Lost(why)) => why,
                    Err(unsent) => return Err(unsent),
                };
                unread.push(Unread { group, why });
                if why == Trouble::Heavy {
                    break;
                }
            }
            Ok(())
        };
        let end = tokio::time::timeout(within, work).await;
        match end {
            Ok(Ok(())) => {}
            _ if !poll.heard => return Err(self.unheard(target, credential, end.ok()).await),
            Ok(Err(Stop::Unsent(why))) => return Err(PollError::Unsent(why)),
            Ok(Err(Stop::Lost(why))) => {
                unread.extend(groups.iter().map(|group| Unread { group: *group, why }));
                left = [].iter().copied();
            }
            Err(_) => unread.extend(reading.map(|group| Unread {
                group,
                why: Trouble::Late,
            })),
        }
        unread.extend(left.map(|group| Unread {
            group,
            why: Trouble::Late,
        }));
        let mut device: Device = whole::device(&poll.cells);
        device.neighbours_read = HEARD.iter().all(|group| {
            groups.contains(group) && !unread.iter().any(|unread| unread.group == *group)
        });
        Ok(Whole {
            device,
            unread,
            began,
            took: taken(began),
        })
    }

    /// Reads everything below an identifier, or the one object that it names.
    pub(crate) async fn walk(
        &self,
        target: &Target,
        credential: &Credential,
        root: &Oid,
        within: Duration,
    ) -> Result<Walked, PollError> {
        let began = crate::clock::now();
        let mut poll = Poll::new(HEAVIEST, LONGEST_OF_A_WALK);
        let work = async {
            let once = self.client(target, 0).await?;
            let end = poll
                .columns(&once, target.retries, vec![root.clone()])
                .await?;
            if poll.cells.is_empty() && end.is_none() {
                let client = self.client(target, target.retries).await?;
                poll.scalars(&client, vec![root.clone()]).await?;
                poll.cells.retain(|cell| !cell.value.is_exception());
            }
            Ok(end)
        };
        let trouble = match tokio::time::timeout(within, work).await {
            Ok(Ok(trouble)) => trouble,
            Ok(Err(Stop::Unsent(why))) if poll.heard => return Err(PollError::Unsent(why)),
            Ok(Err(Stop::Lost(why))) if poll.heard => Some(why),
            Err(_) if poll.heard => Some(Trouble::Late),
            end => {
                let end = end.ok().map(|end| end.map(|_| ()));
                return Err(self.unheard(target, credential, end).await);
            }
        };
        Ok(Walked {
            rows: poll.cells.iter().map(crate::wire::whole::Row::of).collect(),
            trouble,
            took: taken(began),
        })
    }

    /// Returns why nothing was heard.
    async fn unheard(
        &self,
        target: &Target,
        credential: &Credential,
        end: Option<Result<(), Stop>>,
    ) -> PollError {
        match end {
            Some(Err(Stop::Unsent(why))) => PollError::Unsent(why),
            Some(Err(Stop::Lost(Trouble::Clock))) => PollError::Silent(Hint::WrongClock),
            _ => PollError::Silent(self.hint(target, credential).await),
        }
    }

    /// Asks once without any key, as the same user, and reads what an agent says to that.
    async fn hint(&self, target: &Target, credential: &Credential) -> Hint {
        let user = match credential {
            Credential::V3 { user, .. } => Some(user.as_str()),
            _ => None,
        };
        let name = user.unwrap_or("spanwatch");
        let Ok(client) = self
            .dial(target, UsmConfig::new(name.to_owned()).into(), 0)
            .await
        else {
            return Hint::Nothing;
        };
        let known = if user.is_some() {
            Hint::WrongKey
        } else {
            Hint::WrongCommunity
        };
        match client.get(&Object::SysUpTime.at(0)).await {
            Ok(_) => known,
            Err(error) => match error.exchange_source() {
                Error::Report { status, .. } => match **status {
                    ReportStatus::UnknownUserName { .. } if user.is_some() => Hint::UnknownUser,
                    _ => known,
                },
                Error::Snmp { .. } => known,
                _ => Hint::Nothing,
            },
        }
    }
}

fn taken(began: Instant) -> Duration {
    crate::clock::now().saturating_duration_since(began)
}

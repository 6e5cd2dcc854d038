//! A TLS handshake, and whether the certificate shown in it is the right one.
//!
//! The handshake is let through whoever shows what, and the chain is judged after it, before a single octet is sent:
//! so the reason can be named, and the judgement is a function of chain, name, authorities and moment. It asks one
//! thing more than a browser: not when the certificate ends, but when nobody could follow the chain any more, which
//! is earlier where somebody who vouches for it ends first.

use std::io;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::model::service::Outcome;
use crate::wire::certificate::Facts;

/// Names of a wrong certificate that are kept.
const NAMES: usize = 8;

/// Who is trusted: authorities, or the very certificates of servers.
#[derive(Clone, Debug, Default)]
pub struct Roots(Vec<Root>);

#[derive(Clone, Debug)]
struct Root {
    certificate: CertificateDer<'static>,
    facts: Option<Facts>,
}

impl Roots {
    /// Trusts these; what cannot be read as an authority vouches for nobody but itself.
    #[must_use]
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let read = |certificate: CertificateDer<'static>| Root {
            facts: Facts::of(&certificate),
            certificate,
        };
        Self(certificates.into_iter().map(read).collect())
    }

    /// Returns those that hold at a moment; an authority that has ended vouches for nobody.
    fn at(&self, moment: Timestamp) -> RootCertStore {
        let holds = |root: &&Root| {
            let facts = root.facts.as_ref();
            facts.is_some_and(|facts| facts.holds_at(moment))
        };
        store(self.0.iter().filter(holds))
    }

    fn has(&self, certificate: &CertificateDer<'_>) -> bool {
        self.0.iter().any(|root| root.certificate == *certificate)
    }
}

fn store<'r>(roots: impl Iterator<Item = &'r Root>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.map(|root| root.certificate.clone()));
    store
}

/// Shakes hands for a name; `protocol` is what is spoken then, where there are several (RFC 7301).
pub(super) async fn shake_hands(
    stream: TcpStream,
    name: ServerName<'static>,
    protocol: Option<&str>,
) -> Result<TlsStream<TcpStream>, Outcome> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Outcome::Unsent(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Deferred(provider)))
        .with_no_client_auth();
    config.alpn_protocols = protocol.map(Into::into).into_iter().collect();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| refused(&error))
}

/// Says why there was no handshake.
fn refused(error: &io::Error) -> Outcome {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match cause {
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => Outcome::Garbled,
        Some(Error::AlertReceived(alert)) => Outcome::Refused(format!("{alert:?}")),
        Some(Error::PeerIncompatible(why)) => Outcome::Refused(format!("{why:?}")),
        Some(Error::InvalidCertificate(why)) => Outcome::Unfit(why.to_string()),
        Some(other) => Outcome::Refused(other.to_string()),
        None => Outcome::Refused(error.kind().to_string()),
    }
}

/// Judges the chain that a server showed: returns when nobody could follow it any more, or what is wrong with it.
///
/// The first of these that is wrong is said: its time, who vouches for it, its name.
pub fn judge(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    roots: &Roots,
    now: Timestamp,
) -> Result<Timestamp, Outcome> {
    let unfit = |error: Error| Outcome::Unfit(error.to_string());
    let Some((leaf, others)) = chain.split_first() else {
        return Err(Outcome::Unfit("none was shown".to_owned()));
    };
    let facts = Facts::of(leaf).ok_or_else(|| unfit(CertificateError::BadEncoding.into()))?;
    if facts.from > now {
        return Err(Outcome::NotYetValid(facts.from));
    }
    if facts.until < now {
        return Err(Outcome::Expired(facts.until));
    }
    let parsed = ParsedCertificate::try_from(leaf).map_err(unfit)?;
    let is_declared = roots.has(leaf);
    let follows = |moment: Timestamp, roots: &RootCertStore| {
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            roots,
            others,
            unix(moment),
            ring::default_provider()
                .signature_verification_algorithms
                .all,
        )
    };
    if !is_declared && let Err(error) = follows(now, &roots.at(now)) {
        let ended = roots.0.iter().find_map(|root| {
            let ended = root.facts.as_ref().filter(|facts| !facts.holds_at(now))?;
            follows(now, &store([root].into_iter()))
                .ok()
                .map(|()| ended)
        });
        return Err(match (ended, error) {
            (Some(root), _) if root.until < now => Outcome::Expired(root.until),
            (Some(root), _) => Outcome::NotYetValid(root.from),
            (None, error) => untrusted(error, &facts),
        });
    }
    verify_server_name(&parsed, name).map_err(|error| match error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented, ..
        }) => Outcome::WrongName(
            presented
                .iter()
                .take(NAMES)
                .map(|name| bare(name))
                .collect(),
        ),
        Error::InvalidCertificate(CertificateError::NotValidForName) => {
            Outcome::WrongName(Vec::new())
        }
        error => unfit(error),
    })?;
    if is_declared {
        return Ok(facts.until);
    }
    Ok(last(now, facts.until, |moment| {
        follows(moment, &roots.at(moment)).is_ok()
    }))
}

/// Returns the last second, from one at which something holds up to `end`, at which it still does.
fn last(holds: Timestamp, end: Timestamp, still: impl Fn(Timestamp) -> bool) -> Timestamp {
    if still(end) {
        return end;
    }
    let (mut low, mut high) = (holds.as_second(), end.as_second());
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let holds = Timestamp::from_second(middle).is_ok_and(&still);
        if holds {
            low = middle;
        } else {
            high = middle;
        }
    }
    Timestamp::from_second(low).unwrap_or(end)
}

fn untrusted(error: Error, leaf: &Facts) -> Outcome {
    let at = |moment: UnixTime| {
        let since = i64::try_from(moment.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_duration(SignedDuration::from_secs(since)).ok()
    };
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            Outcome::Expired(at(not_after).unwrap_or(leaf.until))
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            Outcome::NotYetValid(at(not_before).unwrap_or(leaf.from))
        }
        // One that stands for an authority too is refused before anybody looks who vouches for it.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)) => {
            Outcome::Untrusted {
                by_itself: leaf.is_own,
            }
        }
        other => Outcome::Unfit(other.to_string()),
    }
}

/// Takes a name out of the words about it: `DnsName("a.example")`.
fn bare(words: &str) -> String {
    let inner = words.split_once('(').map_or(words, |(_, inner)| inner);
    inner.trim_matches([')', '"']).to_owned()
}

fn unix(moment: Timestamp) -> UnixTime {
    let since = u64::try_from(moment.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(since))
}

/// Lets every certificate through, to be judged afterwards; that the server holds its key is checked here.
#[derive(Debug)]
struct Deferred(Arc<CryptoProvider>);

impl ServerCertVerifier for Deferred {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _stapled: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

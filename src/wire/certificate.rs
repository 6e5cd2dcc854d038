//! What the monitor wants to know of a certificate (RFC 5280, 4.1): when it is valid, who it is, who vouches for it.
//!
//! It verifies nothing; that is `probe/tls`. Names are compared as the octets that they are written in, and a
//! certificate that cannot be read to here is none.

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode as _, Reader, SliceReader, Tag, TagNumber};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The part of a certificate that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The first moment at which it is valid.
    pub from: Timestamp,
    /// The last.
    pub until: Timestamp,
    /// Whether it names itself as who vouches for it.
    pub is_own: bool,
}

impl Facts {
    /// Reads a certificate as it stands in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let mut outer = SliceReader::new(certificate).ok()?;
        let facts: der::Result<Option<Self>> = outer.sequence(|certificate| {
            let facts = certificate.sequence(|body| {
                let version = Tag::ContextSpecific {
                    constructed: true,
                    number: TagNumber(0),
                };
                if Tag::peek(body)? == version {
                    body.tlv_bytes()?;
                }
                // Its number, and how it is signed.
                body.tlv_bytes()?;
                body.tlv_bytes()?;
                let issuer = body.tlv_bytes()?;
                let (from, until) =
                    body.sequence(|times| Ok::<_, der::Error>((moment(times)?, moment(times)?)))?;
                let subject = body.tlv_bytes()?;
                rest(body)?;
                Ok::<_, der::Error>(from.zip(until).map(|(from, until)| Self {
                    from,
                    until,
                    is_own: issuer == subject,
                }))
            })?;
            rest(certificate)?;
            Ok(facts)
        });
        facts.ok().flatten()
    }

    /// Returns whether it is valid at a moment.
    #[must_use]
    pub fn holds_at(&self, moment: Timestamp) -> bool {
        (self.from..=self.until).contains(&moment)
    }
}

/// Passes over what else stands there.
fn rest<'r>(reader: &mut impl Reader<'r>) -> der::Result<()> {
    while !reader.is_finished() {
        reader.tlv_bytes()?;
    }
    Ok(())
}

/// Reads a moment in either of its forms; `None` for one that no calendar has.
fn moment<'r>(reader: &mut impl Reader<'r>) -> der::Result<Option<Timestamp>> {
    let time = AnyRef::decode(reader)?;
    let since = match time.decode_as::<UtcTime>() {
        Ok(short) => short.to_unix_duration(),
        Err(_) => time.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    let since = SignedDuration::try_from(since).ok();
    Ok(since.and_then(|since| Timestamp::from_duration(since).ok()))
}

/// Returns the certificates of a file of PEM, in its order; `None` where a piece of it is broken.
///
/// What else stands in it, keys for instance, is passed over.
#[must_use]
pub fn of_pem(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .ok()
}

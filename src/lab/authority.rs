//! Who vouches for the services of a lab: an authority of its own, made anew for every lab and gone with it.
//!
//! One certificate stands for all names that the checks of the topology ask for, and the authority for nothing
//! outside: its key is forgotten as soon as that one is signed. Written by hand, because it is two certificates of
//! one form (RFC 5280, 4.1) and a library that makes all of them would be eight packages more.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A lab lives for hours; clocks of those who look may differ by some.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

const AUTHORITY: &str = "spanwatch lab";
const SERVICES: &str = "services of a spanwatch lab";

/// What the services of a lab show, and who vouches for it.
pub(super) struct Identity {
    /// The authority, in PEM.
    pub(super) pem: String,
    /// What shakes hands for the services.
    pub(super) acceptor: TlsAcceptor,
}

/// Makes an authority and a certificate for names.
pub(super) fn identity(names: &BTreeSet<String>, now: Timestamp) -> io::Result<Identity> {
    let random = SystemRandom::new();
    let no_key = |_: Unspecified| io::Error::other("no key could be made");
    let made = || {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(no_key)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|why| io::Error::other(why.to_string()))?;
        Ok::<_, io::Error>((document, pair))
    };
    let (_, authority) = made()?;
    let (document, services) = made()?;
    let sign = |number, subject, key: &EcdsaKeyPair, extension: Vec<u8>| {
        let body = body(number, subject, key.public_key().as_ref(), now, &extension);
        let signature = authority.sign(&random, &body).map_err(no_key)?;
        let signed = bits(signature.as_ref());
        Ok::<_, io::Error>(sequence(&[&body, &sequence(&[ECDSA_WITH_SHA256]), &signed]))
    };
    let root = sign(1, AUTHORITY, &authority, may_vouch())?;
    let leaf = sign(2, SERVICES, &services, stands_for(names))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(leaf)],
            PrivatePkcs8KeyDer::from(document.as_ref().to_vec()).into(),
        )
        .map_err(io::Error::other)?;
    Ok(Identity {
        pem: pem(&root),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    })
}

/// Tags of DER (X.690, 8).
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8: u8 = 0x0C;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// Object identifiers, whole.
const ECDSA_WITH_SHA256: &[u8] = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
const PRIME256V1: &[u8] = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
const BASIC_CONSTRAINTS: &[u8] = &[6, 3, 0x55, 0x1D, 0x13];
const SUBJECT_ALT_NAME: &[u8] = &[6, 3, 0x55, 0x1D, 0x11];

/// Returns a value behind its tag and length.
fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let mut all = vec![tag];
    match length {
        [] => all.push(0),
        [short] if *short < 0x80 => all.push(*short),
        long => {
            all.push(0x80 | long.len() as u8);
            all.extend_from_slice(long);
        }
    }
    all.extend(content);
    all
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, parts)
}

fn bits(content: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &[&[0], content])
}

fn named(name: &str) -> Vec<u8> {
    let text = value(UTF8, &[name.as_bytes()]);
    sequence(&[&value(SET, &[&sequence(&[COMMON_NAME, &text])])])
}

/// Moments from 2050 on have a form of their own (RFC 5280, 4.1.2.5).
fn moment(at: Timestamp) -> Vec<u8> {
    let at = TimeZone::UTC.to_datetime(at);
    let (tag, form) = if at.year() < 2050 {
        (UTC_TIME, "%y%m%d%H%M%SZ")
    } else {
        (GENERALIZED_TIME, "%Y%m%d%H%M%SZ")
    };
    value(tag, &[at.strftime(form).to_string().as_bytes()])
}

/// Returns what is signed of a certificate.
fn body(number: u8, subject: &str, key: &[u8], now: Timestamp, extension: &[u8]) -> Vec<u8> {
    let version = value(0xA0, &[&value(INTEGER, &[&[2]])]);
    let life = [now.saturating_sub(BEFORE), now.saturating_add(LIFE)];
    let [from, until] = life.map(|at| moment(at.unwrap_or(now)));
    let kind = sequence(&[EC_PUBLIC_KEY, PRIME256V1]);
    sequence(&[
        &version,
        &value(INTEGER, &[&[number]]),
        &sequence(&[ECDSA_WITH_SHA256]),
        &named(AUTHORITY),
        &sequence(&[&from, &until]),
        &named(subject),
        &sequence(&[&kind, &bits(key)]),
        &value(0xA3, &[&sequence(&[extension])]),
    ])
}

/// Says of a certificate that it is an authority.
fn may_vouch() -> Vec<u8> {
    let yes = value(BOOLEAN, &[&[0xFF]]);
    let inner = value(OCTET_STRING, &[&sequence(&[&yes])]);
    sequence(&[BASIC_CONSTRAINTS, &yes, &inner])
}

/// Says for which names a certificate stands.
fn stands_for(names: &BTreeSet<String>) -> Vec<u8> {
    let names: Vec<Vec<u8>> = names
        .iter()
        .map(|name| match name.parse() {
            Ok(IpAddr::V4(address)) => value(0x87, &[&address.octets()]),
            Ok(IpAddr::V6(address)) => value(0x87, &[&address.octets()]),
            Err(_) => value(0x82, &[name.as_bytes()]),
        })
        .collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let inner = value(OCTET_STRING, &[&sequence(&names)]);
    sequence(&[SUBJECT_ALT_NAME, &inner])
}

fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let mut lines = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        lines.extend(line.iter().map(|letter| char::from(*letter)));
        lines.push('\n');
    }
    lines.push_str("-----END CERTIFICATE-----\n");
    lines
}

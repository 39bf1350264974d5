//! Certificates of X.509 version 1, which no library makes any more: those of version 3 without what came later.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::SigningKey;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// The version, and the extensions.
const LATER: [u8; 2] = [0xa0, 0xa3];

/// The certificate in PEM form, signed again by the same issuer.
pub(super) fn of(der: &[u8], issuer: &impl SigningKey) -> Result<String> {
    let whole = items(der)?;
    let parts = items(contents(whole.first().context("a certificate")?)?)?;
    let [tbs, algorithm, _] = parts[..] else { anyhow::bail!("a certificate has three parts") };
    let kept: Vec<&[u8]> =
        items(contents(tbs)?)?.into_iter().filter(|it| !LATER.contains(&it[0])).collect();
    let tbs = encoded(SEQUENCE, &kept.concat())?;
    let mut signature = vec![0];
    signature.extend(issuer.sign(&tbs)?);
    let signature = encoded(BIT_STRING, &signature)?;
    let text = STANDARD.encode(encoded(SEQUENCE, &[&tbs, algorithm, &signature].concat())?);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(std::str::from_utf8).collect::<Result<_, _>>()?;
    Ok(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")))
}

/// The elements of a sequence's contents, each with its tag and length.
fn items(mut rest: &[u8]) -> Result<Vec<&[u8]>> {
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (head, length) = measure(rest)?;
        let (item, others) = rest.split_at_checked(head + length).context("a cut element")?;
        items.push(item);
        rest = others;
    }
    Ok(items)
}

fn contents(item: &[u8]) -> Result<&[u8]> {
    let (head, _) = measure(item)?;
    Ok(&item[head..])
}

/// The lengths of an element's head and of its contents.
fn measure(item: &[u8]) -> Result<(usize, usize)> {
    let first = *item.get(1).context("an element has a length")?;
    if first < 0x80 {
        return Ok((2, first.into()));
    }
    let bytes = usize::from(first & 0x7f);
    let length = item.get(2..2 + bytes).context("an element has a length")?;
    Ok((2 + bytes, length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte))))
}

fn encoded(tag: u8, contents: &[u8]) -> Result<Vec<u8>> {
    let length = u16::try_from(contents.len())?.to_be_bytes();
    let mut item = vec![tag, 0x82];
    // The shortest form is the only one.
    match (length, contents.len()) {
        (_, 0..0x80) => item[1] = length[1],
        ([0, low], _) => {
            item[1] = 0x81;
            item.push(low);
        }
        (both, _) => item.extend(both),
    }
    item.extend(contents);
    Ok(item)
}

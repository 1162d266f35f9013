//! What is looked for in a PDF as its bytes come in: whether it may be encrypted.

/// The key of a PDF's trailer that names its encryption dictionary (ISO 32000-1, 7.6.1).
const KEY: &[u8] = b"/Encrypt";

/// Looks for the encryption key in the bytes of a PDF, piece by piece. A file without it needs no password; in one
/// with it the key may be mere text, or the password empty, which takes a reader to find out.
#[derive(Debug, Clone, Default)]
pub struct EncryptionScan {
    /// The end of the bytes before: shorter than the key.
    end: Vec<u8>,
    found: bool,
}

impl EncryptionScan {
    /// The next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.found {
            return;
        }
        let overlap = KEY.len() - 1;
        self.end.extend_from_slice(&bytes[..bytes.len().min(overlap)]);
        self.found = has_key(&self.end) || has_key(bytes);
        if bytes.len() >= overlap {
            self.end.clear();
            self.end.extend_from_slice(&bytes[bytes.len() - overlap..]);
        } else {
            let surplus = self.end.len().saturating_sub(overlap);
            self.end.drain(..surplus);
        }
    }

    /// Whether the key was there.
    pub const fn found(&self) -> bool {
        self.found
    }
}

fn has_key(bytes: &[u8]) -> bool {
    bytes.windows(KEY.len()).any(|window| window == KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_however_the_file_is_cut() {
        let file = b"%PDF-1.4\ntrailer\n<< /Root 1 0 R /Encrypt 5 0 R >>\n";
        for size in 1..file.len() {
            let mut scan = EncryptionScan::default();
            for piece in file.chunks(size) {
                scan.feed(piece);
            }
            assert!(scan.found(), "{size}");
        }
        let mut scan = EncryptionScan::default();
        scan.feed(b"%PDF-1.4\n/Encryp t");
        assert!(!scan.found());
    }
}

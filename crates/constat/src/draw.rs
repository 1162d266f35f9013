//! `constat draw`: one file in, one small picture out. The server starts it for each preview.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use constat_connectors::PASSWORD_QUESTION;

/// Most address space, in bytes: 1 GiB, four times what decoding the largest picture takes.
#[cfg(unix)]
const MAX_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// Most seconds of processor time.
#[cfg(unix)]
const MAX_CPU_SECONDS: u64 = 5;

/// Draws the file on the standard input, or answers whether it takes a password to open it. Fails silently: the
/// server knows what a failure means.
pub fn draw(media_type: &str) -> ExitCode {
    #[cfg(unix)]
    {
        use rlimit::Resource;
        let bounded = Resource::AS
            .set(MAX_MEMORY_BYTES, MAX_MEMORY_BYTES)
            .and_then(|()| Resource::CPU.set(MAX_CPU_SECONDS, MAX_CPU_SECONDS))
            .and_then(|()| Resource::CORE.set(0, 0));
        if bounded.is_err() {
            return ExitCode::FAILURE;
        }
    }
    let mut bytes = Vec::new();
    if std::io::stdin().lock().read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let drawn = if media_type == PASSWORD_QUESTION {
        let answer = constat_media::previews::takes_password(bytes);
        answer.map(|takes| if takes { b"yes".to_vec() } else { b"no".to_vec() })
    } else {
        constat_media::previews::draw(media_type, bytes)
    };
    match drawn.map(|picture| std::io::stdout().lock().write_all(&picture)) {
        Some(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

//! Draws previews in a process of its own: the program that is running, asked to draw one file.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use constat_claims::claim::{Drawn, PreviewRenderer};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// Longest time that one picture may take on a busy machine. The process itself stops after 5 seconds of
/// processor time; a photo of 50 million pixels takes one or two.
const DRAW_TIMEOUT: Duration = Duration::from_secs(12);

/// What the process is asked for instead of a picture: whether it takes a password to open a PDF.
pub const PASSWORD_QUESTION: &str = "takes-password";

/// Maximum number of bytes of a small picture that are read.
const MAX_PREVIEW_BYTES: u64 = 4 * 1024 * 1024;

/// How much address space the allocator of the process sets aside at a time, in KiB: by itself it takes 1 GiB
/// at once (mimalloc's `arena_reserve`), which is all that the process allows itself.
const ARENA: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "65536");

/// Starts `program draw <media type>` for each picture: the file goes in, the JPEG comes out. The
/// process bounds its own memory and time; when it takes too long all the same it is killed.
#[derive(Debug, Clone)]
pub struct PreviewProcess {
    program: PathBuf,
}

impl PreviewProcess {
    /// Through this program, which is Constat's own.
    pub fn with(program: PathBuf) -> Self {
        Self { program }
    }

    async fn ask(&self, media_type: &str, bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command.arg("draw").arg(media_type).env_clear().env(ARENA.0, ARENA.1).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(mut asked), Some(told)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let ask = async move {
            // A child that dies on the file does not read it to its end.
            let _died = asked.write_all(&bytes).await;
        };
        let (mut told, mut picture) = (told.take(MAX_PREVIEW_BYTES), Vec::new());
        let (_asked, read) = tokio::join!(ask, told.read_to_end(&mut picture));
        read?;
        let ended = child.wait().await?;
        if !ended.success() {
            // A status of 1 is its own: no picture that it knows. Anything else is a bound, or a fault.
            tracing::info!(media_type, status = %ended, "a preview could not be drawn");
            picture.clear();
        }
        Ok(picture)
    }
}

impl PreviewRenderer for PreviewProcess {
    fn draw(&self, media_type: &str, bytes: Vec<u8>) -> BoxFuture<'_, Drawn> {
        let media_type = media_type.to_owned();
        Box::pin(async move {
            match tokio::time::timeout(DRAW_TIMEOUT, self.ask(&media_type, bytes)).await {
                Ok(Ok(picture)) if picture.is_empty() => Drawn::Never,
                Ok(Ok(picture)) => Drawn::Picture(picture),
                Ok(Err(error)) => {
                    tracing::error!(%error, program = %self.program.display(), "cannot draw previews");
                    Drawn::NotNow
                }
                Err(_elapsed) => {
                    // The machine was busy: the process did not come to the end of its processor time.
                    tracing::warn!(media_type, "a preview took too long and was given up");
                    Drawn::NotNow
                }
            }
        })
    }

    fn takes_password(&self, bytes: Vec<u8>) -> BoxFuture<'_, Option<bool>> {
        Box::pin(async move {
            let asked = tokio::time::timeout(DRAW_TIMEOUT, self.ask(PASSWORD_QUESTION, bytes)).await;
            match asked.ok()?.ok()?.as_slice() {
                b"yes" => Some(true),
                b"no" => Some(false),
                _ => None,
            }
        })
    }
}

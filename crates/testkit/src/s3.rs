//! A bucket that speaks S3, served by this very process over a folder.

use std::net::SocketAddr;

use constat_store::S3;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

const BUCKET: &str = "documents";
const KEY: &str = "key-of-the-tests";
const SECRET: &str = "secret-of-the-tests";

/// A running S3 server. It stops when dropped.
pub struct S3Server {
    url: String,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl S3Server {
    /// Starts one with an empty bucket.
    pub async fn start() -> Self {
        // Fails only when a provider is installed already, which is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a file system"));
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                    // A client that goes away is its own affair.
                    let _gone = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, task, _folder: folder }
    }

    /// How to reach its bucket.
    pub fn bucket(&self) -> S3 {
        S3 {
            endpoint: self.url.clone(),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            access_key_id: KEY.to_owned(),
            secret_access_key: SECRET.to_owned(),
            virtual_hosted: false,
        }
    }
}

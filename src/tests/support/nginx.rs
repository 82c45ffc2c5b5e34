//! nginx as Debian ships it, before a server of a test. Only its patience may be another than the
//! usual 60 seconds.

use super::within;
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

/// A running nginx; it ends with the test.
pub(in crate::tests) struct Nginx {
    /// Where it listens.
    pub(in crate::tests) base: String,
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Passes everything on to `upstream`, with nginx's default settings but for `patience`, such
    /// as `2s`.
    pub(in crate::tests) async fn before(upstream: &str, patience: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address().await;
        let place = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {place}/{what};"))
            .concat();
        let server = format!(
            "server {{ listen {address}; proxy_read_timeout {patience}; location / {{ proxy_pass {upstream}; }} }}"
        );
        let text = format!(
            "daemon off; master_process off; pid {place}/pid; error_log stderr;\n\
             events {{}} http {{ access_log off; {temporary} {server} }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command
            .args(["-e", "stderr", "-p"])
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null());
        let process = command
            .spawn()
            .expect("nginx is there; `.ci/setup test` installs it");
        let nginx = Self {
            base: format!("http://{address}"),
            process,
            _folder: folder,
        };
        within("nginx", async {
            while TcpStream::connect(address).await.is_err() {}
        })
        .await;
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // it may have ended already, which is as good
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

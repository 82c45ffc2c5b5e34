//! nginx as Debian ships it, in front of a test server. Only its read timeout may differ from the
//! default of 60 s.

use super::within;
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

/// A running nginx; stopped on drop.
pub(in crate::tests) struct Nginx {
    /// Its URL.
    pub(in crate::tests) base: String,
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Proxies everything to `upstream`, with nginx's defaults except for `read_timeout`, such as
    /// `2s`.
    pub(in crate::tests) async fn before(upstream: &str, read_timeout: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address().await;
        let directory = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {directory}/{name};"))
            .concat();
        let server = format!(
            "server {{ listen {address}; proxy_read_timeout {read_timeout}; \
             location / {{ proxy_pass {upstream}; }} }}"
        );
        let config = format!(
            "daemon off; master_process off; pid {directory}/pid; error_log stderr;\n\
             events {{}} http {{ access_log off; {temporary} {server} }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command
            .args(["-e", "stderr", "-p"])
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null());
        let process = command
            .spawn()
            .expect("nginx is not installed; run `.ci/setup test`");
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
        // it may have exited already
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

//! How a [`ConnectionCore`] comes to use DTLS, and what it hears of it.

use std::net::SocketAddr;

use enet_udp::{Transport, UdpHost};
use godot::classes::TlsOptions;
use godot::obj::Gd;

use super::core::ConnectionCore;
use crate::dtls::{self, Client, DtlsFailure, Server, ServerSetup, WithControl};
use crate::error::{DtlsSetupError, NotActive};

impl ConnectionCore {
    /// Lets the host take DTLS connections only.
    pub(crate) fn encrypt_server(
        &self,
        options: Option<Gd<TlsOptions>>,
    ) -> Result<(), DtlsSetupError> {
        let host = self.host()?;
        let setup = ServerSetup::new(&dtls::server_options(options)?)?;
        self.encrypt(&host, |bound_to| Server::listen(setup, bound_to))
    }

    /// Lets the host connect by DTLS, to a server whose certificate is for `hostname`.
    pub(crate) fn encrypt_client(
        &self,
        hostname: String,
        options: Option<Gd<TlsOptions>>,
    ) -> Result<(), DtlsSetupError> {
        let host = self.host()?;
        let options = dtls::client_options(options)?;
        self.encrypt(&host, |bound_to| Client::new(hostname, options, bound_to))
    }

    fn encrypt<T: Transport + 'static>(
        &self,
        host: &UdpHost,
        make: impl FnOnce(Option<SocketAddr>) -> Result<WithControl<T>, DtlsSetupError>,
    ) -> Result<(), DtlsSetupError> {
        host.replace_socket(|bound_to| {
            let (transport, control) = make(bound_to)?;
            *self.dtls.lock() = Some(control);
            Ok(Box::new(transport) as Box<dyn Transport>)
        })?;
        Ok(())
    }

    /// Turns away, or not, whoever begins a DTLS handshake; nothing for a host without DTLS.
    pub(crate) fn refuse_handshakes(&self, refuse: bool) -> Result<(), NotActive> {
        self.host()?;
        if let Some(control) = &*self.dtls.lock() {
            control.refuse_new_connections(refuse);
        }
        Ok(())
    }

    /// Why the host ended by itself, if DTLS was the reason.
    pub(super) fn dtls_failure(&self) -> Option<DtlsFailure> {
        let control = self.dtls.lock().clone()?;
        control.failure()
    }

    /// Logs why the host ended by itself, if DTLS was the reason.
    pub(crate) fn report_end(&self) {
        let control = self.dtls.lock().clone();
        match control.and_then(|control| control.tell_failure()) {
            // A remote that leaves is no error.
            None | Some(DtlsFailure::Closed) => {}
            Some(failure) => log::error!("{failure}"),
        }
    }
}

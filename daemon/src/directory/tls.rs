//! How a server proves who it is.
//!
//! Must never talk to one that does not: there is no switch to go on without.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::DirectoryError;

/// Judges by the certificates in `file`, or by those of the system.
pub(super) fn config(file: Option<&Path>) -> Result<Arc<ClientConfig>, DirectoryError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let why = |error: &dyn core::fmt::Display| {
                DirectoryError::Certificates(format!("certificates {}: {error}", file.display()))
            };
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| why(&error))? {
                let certificate = certificate.map_err(|error| why(&error))?;
                roots.add(certificate).map_err(|error| why(&error))?;
            }
            if roots.is_empty() {
                return Err(why(&"there is none in it"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| DirectoryError::Certificates(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

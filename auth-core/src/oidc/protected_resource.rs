//! The identifier of this server as an OAuth 2.0 protected resource (RFC 8707 §2), and the location of its metadata (RFC 9728
//! §3.1).

/// The identifier of this server as a protected resource, and the location of its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    identifier: String,
    origin: String,
    path: String,
}

/// The text is not a valid identifier of a resource.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a resource is an `https` URL without query and fragment, such as \"https://api.example\"")]
pub struct ResourceError;

crate::debug_as_display!(ResourceError);

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl ProtectedResource {
    /// Validates the identifier. `http` is only accepted for addresses of this machine.
    ///
    /// # Errors
    /// The text is not such a URL.
    pub fn new(identifier: &str) -> Result<Self, ResourceError> {
        let (scheme, rest) = identifier.split_once("://").ok_or(ResourceError)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        // Excludes characters with a special meaning in quoted-strings, headers or route patterns.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&byte);
        let fits = (scheme == "https" || scheme == "http" && is_here) && !host.is_empty();
        if !fits || !rest.bytes().all(plain) || path.contains("//") {
            return Err(ResourceError);
        }
        let path = if path == "/" { "" } else { path };
        Ok(Self {
            identifier: identifier.to_owned(),
            origin: format!("{scheme}://{authority}"),
            path: format!("{WELL_KNOWN}{path}"),
        })
    }

    /// Returns the identifier as written, which tokens name in `aud`.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Returns the path of the metadata.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the URL of the metadata, for challenges.
    pub fn metadata(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_metadata_path_is_inserted_after_the_host() {
        // META-1
        let table = [
            ("https://api.example", Some("https://api.example/.well-known/oauth-protected-resource")),
            ("https://api.example/", Some("https://api.example/.well-known/oauth-protected-resource")),
            ("https://api.example/v1", Some("https://api.example/.well-known/oauth-protected-resource/v1")),
            ("https://api.example:8443/v1/", Some("https://api.example:8443/.well-known/oauth-protected-resource/v1/")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/.well-known/oauth-protected-resource")),
            ("http://[::1]:8080", Some("http://[::1]:8080/.well-known/oauth-protected-resource")),
            ("http://api.example", None),
            ("http://localhost.example", None),
            ("https://", None),
            ("https:///v1", None),
            ("api.example", None),
            ("https://api.example?x", None),
            ("https://api.example#x", None),
            ("https://api.example/{id}", None),
            ("https://a@api.example", None),
            ("https://api.example/\"", None),
            ("https://api.example/a b", None),
            ("urn:example:api", None),
        ];
        for (identifier, expected) in table {
            let metadata = ProtectedResource::new(identifier).ok().map(|resource| resource.metadata());
            assert_eq!(metadata.as_deref(), expected, "{identifier}");
        }
    }
}

// The certificate that a home shows inside TLS (TRUST.md T6): a wrapping of its operating key that tells nothing else.
// Any thread.
#pragma once

#include <string>

#include "trust/keys.h"

namespace hearthgate::trust {

// Self-signed DER: subject and issuer CN=hearthgate, serial 1, 2020-01-01 to 2049-12-31, no extensions. The same key
// always gives the same bytes.
std::string makeCertificate(const PrivateKey& key);

}  // namespace hearthgate::trust

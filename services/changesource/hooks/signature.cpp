// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace headrace::changesource::hooks {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

std::string hmac_hex(const EVP_MD* hash, const std::string& secret, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(hash, secret.data(), static_cast<int>(secret.size()), bytes_of(message), message.size(),
           digest.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL cannot compute an HMAC");
  }
  return hex(digest.data(), size);
}

Result<void> check_one(std::string_view header, const char* hash_name, const EVP_MD* hash,
                       const http::Request& request, const std::string& secret) {
  const auto equals = header.find('=');
  if (equals == std::string_view::npos || header.find('=', equals + 1) != std::string_view::npos) {
    return fail("Wrong signature format: " + std::string(header));
  }
  if (header.substr(0, equals) != hash_name) {
    return fail("Unknown hash type: " + std::string(header.substr(0, equals)));
  }
  std::string given(header.substr(equals + 1));
  std::transform(given.begin(), given.end(), given.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!same_secret(given, hmac_hex(hash, secret, request.body))) return fail("Hash mismatch");
  return {};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute a SHA-256");
  }
  return hex(digest.data(), size);
}

bool same_secret(std::string_view given, std::string_view secret) {
  // The digests have one length, so that the length of the secret does not show either.
  const std::string a = sha256_hex(given), b = sha256_hex(secret);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<void> check_hub_signature(const http::Request& request, const std::string& secret, bool strict) {
  const auto sha256 = request.header("X-Hub-Signature-256");
  const auto sha1 = request.header("X-Hub-Signature");
  if (strict && sha256.empty() && sha1.empty()) return fail("Request has no required signature");
  if (secret.empty()) return {};
  if (!sha256.empty()) {
    const auto result = check_one(sha256, "sha256", EVP_sha256(), request, secret);
    if (!result) return result;
  }
  if (!sha1.empty()) return check_one(sha1, "sha1", EVP_sha1(), request, secret);
  return {};
}

}  // namespace headrace::changesource::hooks

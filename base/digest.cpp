#include "base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/digest_lanes.hpp"
#include "metamori/error.hpp"

namespace metamori {
namespace {

[[noreturn]] void throw_digest(const char* name) {
  throw Error(ErrorKind::unsupported, std::string("the cryptographic library cannot compute ") + name);
}

/// Looked up once in a process, because a look-up costs more than hashing a small chunk, and never freed: threads may still be hashing at
/// exit.
const EVP_MD* fetch(const char* name) {
  // Reading openssl.cnf would take longer than a small checkpoint, and nothing in it concerns us.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  if (digest == nullptr) throw_digest(name);
  return digest;
}

const EVP_MD* sha256_digest() {
  static const EVP_MD* const digest = fetch("SHA2-256");
  return digest;
}

const EVP_MD* sha1_digest() {
  static const EVP_MD* const digest = fetch("SHA1");
  return digest;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using HashContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

HashContext make_context() {
  HashContext context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  return context;
}

void begin(EVP_MD_CTX* context, const EVP_MD* digest) {
  if (EVP_DigestInit_ex2(context, digest, nullptr) != 1) throw_digest(EVP_MD_get0_name(digest));
}

void add(EVP_MD_CTX* context, ByteView bytes) {
  if (EVP_DigestUpdate(context, bytes.data(), bytes.size()) != 1) throw_digest("a digest");
}

template <class Result>
Result finish_as(EVP_MD_CTX* context) {
  Result result;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(result.bytes.data()), &size) != 1 || size != result.bytes.size())
    throw_digest("a digest");
  return result;
}

}  // namespace

ChunkId sha256(ByteView bytes) {
  thread_local const HashContext context = make_context();
  begin(context.get(), sha256_digest());
  add(context.get(), bytes);
  return finish_as<ChunkId>(context.get());
}

void sha256_each(std::span<const ByteView> inputs, std::span<ChunkId> ids) {
  MM_ASSERT(inputs.size() == ids.size());
  if (digest::has_sha_instructions()) return digest::sha256_lanes(inputs, ids);
  for (std::size_t i = 0; i < inputs.size(); ++i) ids[i] = sha256(inputs[i]);
}

CheckpointId git_object_id(std::string_view type, ByteView content) {
  thread_local const HashContext context = make_context();
  std::string header(type);
  header += ' ';
  header += std::to_string(content.size());
  header += '\0';
  begin(context.get(), sha1_digest());
  add(context.get(), as_bytes(header));
  add(context.get(), content);
  return finish_as<CheckpointId>(context.get());
}

struct Sha256::Impl {
  HashContext context = make_context();
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { begin(impl_->context.get(), sha256_digest()); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) { add(impl_->context.get(), bytes); }

ChunkId Sha256::finish() { return finish_as<ChunkId>(impl_->context.get()); }

std::uint64_t xxh3_64(ByteView bytes, std::uint64_t seed) noexcept { return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed); }

Fingerprint fingerprint(ByteView bytes, const FingerprintSecret& secret) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
  return {hash.low64, hash.high64};
}

}  // namespace metamori

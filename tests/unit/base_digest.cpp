#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori {
namespace {

TEST(Digest, Sha256OfKnownTexts) {
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(as_bytes(std::string(1'000'000, 'a')))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, GitObjectIdsAreGits) {
  EXPECT_EQ(to_hex(git_object_id("blob", {})), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(to_hex(git_object_id("tree", {})), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  EXPECT_EQ(to_hex(git_object_id("blob", as_bytes("hello\n"))), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(Digest, Xxh3OfKnownTexts) {
  EXPECT_EQ(xxh3_64({}), 0x2d06800538d394c2U);
  EXPECT_EQ(xxh3_64(as_bytes("abc")), 0x78af5f94892f3950U);
  EXPECT_NE(xxh3_64(as_bytes("abc"), 1), xxh3_64(as_bytes("abc")));
}

/// Of that size; bytes without meaning.
Bytes filled(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + size);
  return bytes;
}

TEST(Digest, Sha256OfSeveralEqualsOneAfterAnotherAtEveryLength) {
  std::vector<Bytes> inputs;
  for (std::size_t size = 0; size < 300; ++size) inputs.push_back(filled(size));
  const std::vector<ByteView> views(inputs.begin(), inputs.end());
  std::vector<ChunkId> ids(views.size());
  sha256_each(views, ids);
  for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], sha256(views[i])) << i;
}

RC_GTEST_PROP(Digest, Sha256OfSeveralEqualsOneAfterAnother, ()) {
  std::vector<Bytes> inputs;
  for (auto count = *rc::gen::inRange(0, 9); count > 0; --count) inputs.push_back(filled(*rc::gen::inRange<std::size_t>(0, 100'000)));
  const std::vector<ByteView> views(inputs.begin(), inputs.end());
  std::vector<ChunkId> ids(views.size());
  sha256_each(views, ids);
  for (std::size_t i = 0; i < ids.size(); ++i) RC_ASSERT(ids[i] == sha256(views[i]));
}

RC_GTEST_PROP(Digest, PiecesGiveTheDigestOfTheWhole, (const std::vector<std::string>& pieces)) {
  Sha256 digest;
  std::string whole;
  for (const std::string& piece : pieces) {
    digest.update(as_bytes(piece));
    whole += piece;
  }
  Sha256 moved = std::move(digest);
  RC_ASSERT(moved.finish() == sha256(as_bytes(whole)));
}

TEST(Digest, ThreadsDontDisturbEachOther) {
  std::vector<std::string> texts;
  std::vector<ChunkId> wanted;
  for (int i = 0; i < 64; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i * 97), static_cast<char>('a' + i % 26)));
    wanted.push_back(sha256(as_bytes(texts.back())));
  }
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round)
        for (std::size_t i = 0; i < texts.size(); ++i) count += sha256(as_bytes(texts[i])) != wanted[i];
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace metamori

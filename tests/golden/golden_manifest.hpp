#pragma once

// What each checkpoint of the golden repository restores to, as text that no version of the program has to be asked for.

#include <string>

#include "tests/golden/golden_world.hpp"

namespace metamori::test {

/// Lines of fields separated by blanks; what is not a plain character stands as `%XX`.
///
///   record NUMBER KIND ID ROOT LINE TAGS      of every record; `-` for what it has not; tags joined by `,`
///   verdict PATH VERDICT LIVE                 of the record before, by their numbers in the format
///   links PATH PATH...                        a group of hard links in it
///   node PATH TYPE MODE UID GID USER GROUP MTIME CONTENT ATTRIBUTES
///   gone PATH
///
/// `node` and `gone` tell how the record's tree differs from that of the record with a tree before it; the top's PATH is `-`. CONTENT is
/// `-`, `unknown`, a link's target, `MAJOR:MINOR`, or of files `SIZE:DATA:DIGEST`, where DATA is how many of the bytes are no hole, and
/// DIGEST as tests/torture/support.py has it. ATTRIBUTES is `-` or `NAME=SIZE:SHA256` joined by `,`. Of digests the first 16 digits.
std::string golden_manifest(Engine& engine);

}  // namespace metamori::test

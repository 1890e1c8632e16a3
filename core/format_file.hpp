#pragma once

// The small text files at the top of a repository: `format`, `config`, `tree`, and the pointer to a repository elsewhere. docs/format.md,
// section 2.

#include <string>
#include <string_view>

namespace metamori {

inline constexpr std::uint64_t kSmallFileLimit = 64 * 1024;

/// `repository_id` is 32 hex digits.
std::string encode_format_file(std::string_view repository_id);
/// The repository's id. Throws unsupported for a newer format or an unknown feature, corrupt for damage; `path` names the file.
std::string decode_format_file(std::string_view text, std::string_view path);

/// The content of a `.metamori` file that stands for the repository at `directory`.
std::string encode_pointer(std::string_view directory);
/// The directory pointed to. Throws corrupt.
std::string decode_pointer(std::string_view text, std::string_view path);

/// Whether `config` (git-config syntax) says `shared = group` under `[core]`.
bool config_declares_shared(std::string_view config);
/// The `config` of a new shared repository.
std::string shared_config();

}  // namespace metamori

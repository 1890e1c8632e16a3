#pragma once

// The table of settings: a row is all that a new key needs to be known to files, environment, `-c`, `metamori config`, completion, and the
// test of the manual.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace metamori::cmd {

enum class SettingType { boolean, number, size, duration, choice, person, words, metadata, program, sharing };

struct SettingKey {
  std::string_view name;  ///< `checkpoint.on-torn`
  SettingType type;
  std::string_view values;         ///< words of a choice, as an option's placeholder; else what the value is called
  std::string_view default_value;  ///< what counts where it is not set; may be empty
  std::string_view description;
  std::string_view option;    ///< the option that it gives a default to; empty: none
  std::string_view commands;  ///< the commands that have the option, parted by blanks; empty: it is a common one
};

std::span<const SettingKey> setting_keys() noexcept;
const SettingKey* find_setting_key(std::string_view name) noexcept;
/// Throws usage, with the nearest key as hint. `where` says where it stands, for the message.
const SettingKey& get_setting_key(std::string_view name, std::string_view where);
/// Throws usage, saying `where` it stands, if `value` is none for the key.
void check_setting(const SettingKey& key, const std::string& value, std::string_view where);
/// `true`, `yes`, `on`, `1`; the rest is false.
bool is_true(std::string_view value) noexcept;
/// Whether the repository's own file may hold it: not what names a program, since whoever made the repository wrote that file.
bool may_stand_in_repository(const SettingKey& key) noexcept;
/// What blanks part.
std::vector<std::string> split_words(std::string_view value);
/// `METAMORI_CHECKPOINT_ON_TORN`
std::string variable_of(const SettingKey& key);

}  // namespace metamori::cmd

#pragma once

// How checkpoints and changes look to people.

#include <optional>
#include <string>
#include <string_view>

#include "cmd/session.hpp"

namespace metamori::cmd {

/// First eight digits; enough beside the number.
std::string short_hex(const CheckpointId& id);
/// `17 3f2a9c01`
std::string checkpoint_name(const CheckpointInfo& info);
/// ` (HEAD, main, tag: good)`, or nothing. `head` may be null.
std::string decorations(const Session& session, const CheckpointInfo& info, const CheckpointInfo* head);
/// The revision of the checkpoint before this one; those that were forgotten are stepped over. Nothing if there is none.
std::optional<std::string> previous_of(Repository& repository, const CheckpointInfo& info);
/// First line of a message, safe to show.
std::string subject(const Session& session, const CheckpointInfo& info);
/// All of it, safe to show, each line indented and ended; empty if there is none.
std::string message_block(const Session& session, const CheckpointInfo& info);

std::string_view change_name(ChangeKind kind) noexcept;
/// One letter: A, D, M, m (metadata only) or R.
char change_letter(ChangeKind kind) noexcept;
std::string colored_change(const Session& session, ChangeKind kind, std::string_view text);
/// ` 1.2 MiB -> 1.3 MiB, 64.0 KiB changed`, as far as it applies.
std::string change_sizes(const Session& session, const Change& change);
/// Path, or `old -> new` of a rename.
std::string change_path(const Session& session, const Change& change);
/// `3 added, 1 removed`; `nothing changed` for none.
std::string change_counts(const DiffReport& report);
/// The lines and the sum of `--stat`.
std::string diff_stat(const Session& session, const DiffReport& report);

std::string_view verdict_name(CaptureVerdict verdict) noexcept;
std::string_view liveness_name(Liveness live) noexcept;
std::string_view type_name(NodeType type) noexcept;
/// `drwxr-xr-x`
std::string mode_text(NodeType type, std::uint32_t mode);

}  // namespace metamori::cmd

// The front door's way to what is kept.

#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/repository_impl.hpp"

namespace metamori {

ForgetReport Repository::forget(const ForgetOptions& options) { return metamori::forget(impl_->engine(), options); }
bool Repository::forget_is_last() { return metamori::forget_is_last(impl_->engine()); }
ForgetReport Repository::undo_forget(bool dry_run, const Control& control) {
  return metamori::undo_forget(impl_->engine(), dry_run, control);
}
void Repository::pin(std::string_view revision) { metamori::pin(impl_->engine(), revision); }
void Repository::unpin(std::string_view revision) { metamori::unpin(impl_->engine(), revision); }
std::vector<CheckpointInfo> Repository::pins() { return list_pins(impl_->engine()); }

GcReport Repository::gc(const GcOptions& options) { return collect_garbage(impl_->engine(), options); }

}  // namespace metamori

// The front door's way to archives.

#include "core/archive/export.hpp"
#include "core/archive/import.hpp"
#include "core/repository_impl.hpp"

namespace metamori {

ExportReport export_archive(Repository& repository, const ExportOptions& options, const std::function<void(ByteView)>& receive) {
  return write_archive(repository.impl().engine(), options, receive);
}

ImportReport import_archive(Repository& repository, const ImportOptions& options,
                            const std::function<std::size_t(std::byte* buffer, std::size_t size)>& read) {
  return read_archive(repository.impl().engine(), options, read);
}

}  // namespace metamori

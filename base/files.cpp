#include "base/files.hpp"

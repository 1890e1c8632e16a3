#include "base/digest.hpp"

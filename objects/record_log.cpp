#include "objects/record_log.hpp"

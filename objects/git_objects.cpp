#include "objects/record.hpp"

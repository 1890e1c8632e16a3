#include "objects/directory.hpp"

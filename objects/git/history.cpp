#include "objects/history.hpp"

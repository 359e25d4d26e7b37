// SPDX-License-Identifier: LGPL-2.1-or-later
// What every unit test includes, for tests/run to have the compilers parse it once (precompile.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

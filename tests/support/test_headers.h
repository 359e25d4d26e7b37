// SPDX-License-Identifier: LGPL-2.1-or-later
// What every unit test includes, for tests/run to have g++ parse it once (precompile.py). It has nothing that
// the sources include by themselves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// SPDX-License-Identifier: BSL-1.0
// Nothing of its own: the precompiled header of all tests has to belong to some source file.

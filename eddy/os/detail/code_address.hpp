// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "eddy/os/msgpack/reader.hpp"
#include "eddy/os/msgpack/writer.hpp"

namespace eddy::detail {

/// Any function's address, without its type. Cast it back before it is called.
using code_address = void (*)();

/// Writes where a function stands: the program or the shared library that holds it, and its offset in there. Addresses
/// themselves differ from process to process.
void pack_code(msgpack::writer& out, code_address code);

/// The function in this process. A library that is not loaded here is loaded.
/// @throws error  The library cannot be loaded, or is another version than the sender's.
code_address unpack_code(msgpack::reader& in);

/// A number that tells this program from any other, as far as its headers and its build id do.
std::uint64_t program_fingerprint();

}  // namespace eddy::detail

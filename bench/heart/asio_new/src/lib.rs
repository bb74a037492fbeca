// SPDX-License-Identifier: BSL-1.0
//! Empty: Cargo.toml says why.

// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/characters.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#include <bit>
#endif

namespace eddy::http::detail {

std::size_t find_control(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    // SSE2 compares signed bytes only; min() gives the unsigned "at most 0x1f".
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low);
    const __m128i found = _mm_or_si128(control, _mm_cmpeq_epi8(bytes, del));
    if (const int mask = _mm_movemask_epi8(found); mask != 0)
      return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
  }
#endif
  while (at < text.size() && !is(forbidden_class, text[at])) ++at;
  return at;
}

std::size_t skip_token(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  // Letters, digits and '-' are what nearly all names consist of; the rest is looked up.
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i letters =
        _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
    const __m128i digits =
        _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
    const __m128i usual = _mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(usual));
    if (mask == 0xffff) continue;
    at += static_cast<std::size_t>(std::countr_one(mask));
    break;
  }
#endif
  while (at < text.size() && is(token_class, text[at])) ++at;
  return at;
}

}  // namespace eddy::http::detail

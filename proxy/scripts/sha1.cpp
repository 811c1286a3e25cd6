#include "scripts/sha1.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pgredis::scripts {

namespace {

constexpr std::size_t block_bytes = 64;

// FIPS 180-4, section 6.1.
void add_block(std::array<std::uint32_t, 5>& digest, std::string_view block) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < block_bytes; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(block[i]);
    for (std::size_t i = 16; i < w.size(); ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = digest;
    for (std::size_t i = 0; i < w.size(); ++i) {
        std::uint32_t f = 0;
        std::uint32_t k = 0;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    digest[0] += a;
    digest[1] += b;
    digest[2] += c;
    digest[3] += d;
    digest[4] += e;
}

}  // namespace

std::string sha1_hex(std::string_view text) {
    std::array<std::uint32_t, 5> digest = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const std::uint64_t bits = std::uint64_t{text.size()} * 8;
    for (; text.size() >= block_bytes; text.remove_prefix(block_bytes)) add_block(digest, text);
    std::string rest(text);
    rest += '\x80';
    while (rest.size() % block_bytes != block_bytes - sizeof bits) rest += '\0';
    for (int shift = 56; shift >= 0; shift -= 8) rest += static_cast<char>(bits >> shift);
    for (std::string_view left = rest; !left.empty(); left.remove_prefix(block_bytes)) add_block(digest, left);

    std::string hex;
    for (const std::uint32_t word : digest) {
        for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[word >> shift & 15];
    }
    return hex;
}

}  // namespace pgredis::scripts

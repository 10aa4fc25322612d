package org.sealwax.testkit.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Bad input made of good input: the same numbers give the same input. */
public final class InputMutations {
  /** Bytes that parsers of mail often mishandle. */
  private static final String[] WORDS = {
    "\r\n",
    "\n",
    "\r",
    "\0",
    ".",
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\"",
    "\\",
    "<",
    ">",
    "@",
    ":",
    ",",
    ";",
    "(",
    ")",
    "[",
    "]",
    "=",
    "+",
    "%",
    "#",
    "'",
    "-",
    " ",
    "\t",
    "\u007f",
    "\u0080",
    "\u00ff",
    "\u00c3\u00a9",
    "\u00c0\u0080",
    "\u00ed\u00a0\u0080",
    "\u00e2\u0080\u00a8",
    "\u00ef\u00bf\u00bd",
    "\u00f0\u009f\u0098\u0080",
    "-1",
    "0",
    "1",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "1e9",
    "\u001b[31m",
    "IPv6:",
    "::1",
    "127.0.0.1",
    "xn--",
    "..",
    "=2C",
    "+3D",
    "$(id)",
    "{}",
    "[[",
    "]]"
  };

  /** Bytes of an input: what is longer is a matter of limits, which have tests of their own. */
  private static final int MOST = 20_000;

  private final List<byte[]> seeds;
  private final Random random;
  private final List<byte[]> found = new ArrayList<>();

  /** Mutations of {@code seeds}. */
  public InputMutations(List<byte[]> seeds, long number) {
    this.seeds = seeds;
    this.random = new Random(number);
  }

  /** The next input. */
  public byte[] next() {
    byte[] input = pick().clone();
    for (int i = random.nextInt(5); i >= 0; i--) {
      input = changed(input);
    }
    if (found.size() < 200) {
      found.add(input);
    } else if (random.nextInt(50) == 0) {
      found.set(random.nextInt(found.size()), input);
    }
    return input.length > MOST ? Arrays.copyOf(input, MOST) : input;
  }

  private byte[] pick() {
    boolean second = !found.isEmpty() && random.nextInt(3) == 0;
    List<byte[]> from = second ? found : seeds;
    return from.get(random.nextInt(from.size()));
  }

  private byte[] changed(byte[] input) {
    int at = random.nextInt(input.length + 1);
    int end = Math.min(input.length, at + 1 + random.nextInt(1 + random.nextInt(40)));
    return switch (random.nextInt(9)) {
      case 0 -> replaced(input, at, at, word());
      case 1 -> replaced(input, at, end, word());
      case 2 -> replaced(input, at, end, new byte[0]);
      case 3 -> replaced(input, at, at, Arrays.copyOfRange(input, at, end));
      case 4 -> replaced(input, at, input.length, new byte[0]);
      case 5 -> {
        byte[] other = pick();
        int from = random.nextInt(other.length + 1);
        yield replaced(input, at, end, Arrays.copyOfRange(other, from, other.length));
      }
      case 6 -> replaced(input, at, at, many(input, at, end));
      case 7 -> {
        byte[] out = input.clone();
        if (at < out.length) {
          out[at] ^= (byte) (1 << random.nextInt(8));
        }
        yield out;
      }
      default -> {
        byte[] out = input.clone();
        if (at < out.length) {
          out[at] = (byte) random.nextInt(256);
        }
        yield out;
      }
    };
  }

  private byte[] word() {
    return WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The same piece again and again: depth and length. */
  private byte[] many(byte[] input, int from, int to) {
    byte[] piece = from == to ? word() : Arrays.copyOfRange(input, from, to);
    int times = 1 + random.nextInt(Math.max(1, Math.min(400, 4_000 / piece.length)));
    byte[] out = new byte[piece.length * times];
    for (int i = 0; i < times; i++) {
      System.arraycopy(piece, 0, out, i * piece.length, piece.length);
    }
    return out;
  }

  private static byte[] replaced(byte[] input, int from, int to, byte[] with) {
    byte[] out = new byte[input.length - (to - from) + with.length];
    System.arraycopy(input, 0, out, 0, from);
    System.arraycopy(with, 0, out, from, with.length);
    System.arraycopy(input, to, out, from + with.length, input.length - to);
    return out;
  }
}

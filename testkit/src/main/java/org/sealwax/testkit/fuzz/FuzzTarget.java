package org.sealwax.testkit.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One parser under hostile input.
 *
 * @param name as {@code bench/fuzz} knows it
 * @param seeds good input, from which bad input is made
 * @param property throws when the parser violates its guarantee
 */
public record FuzzTarget(String name, List<byte[]> seeds, FuzzProperty property) {
  /** What holds for every input. */
  @FunctionalInterface
  public interface FuzzProperty {
    /**
     * Tries one input.
     *
     * @throws Exception when the guarantee does not hold
     */
    void on(byte[] input) throws Exception;
  }

  /** Of texts, each in ISO 8859-1 so that a test can write any byte. */
  public static FuzzTarget ofTexts(String name, FuzzProperty property, String... seeds) {
    List<byte[]> bytes = new ArrayList<>();
    for (String seed : seeds) {
      bytes.add(seed.getBytes(StandardCharsets.ISO_8859_1));
    }
    return new FuzzTarget(name, bytes, property);
  }

  /** Input as text, as a strict reader of UTF-8 would hand it on. */
  public static String text(byte[] input) {
    return new String(input, StandardCharsets.UTF_8);
  }

  /** Input as one line: what our line reader hands on has no CR, LF or NUL. */
  public static String line(byte[] input) {
    return text(input).replace("\r", "").replace("\n", "").replace("\0", "");
  }

  /** Throws when a guarantee does not hold. */
  public static void holds(boolean claim, String what) {
    if (!claim) {
      throw new AssertionError(what);
    }
  }
}

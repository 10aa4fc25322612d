package org.sealwax.mail.tls.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** JA4 against the example of its description, and its corners. */
final class Ja4Test {
  private static final List<Integer> SUITES =
      List.of(
          0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
          0x009c, 0x009d, 0x002f, 0x0035);
  private static final List<Integer> EXTENSIONS =
      List.of(
          0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
          0x002b, 0xff01, 0x000b, 0x000a, 0x0015);
  private static final List<Integer> SIGNATURES =
      List.of(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601);

  private static ClientHello hello(
      int legacy,
      List<Integer> suites,
      List<Integer> versions,
      List<Integer> extensions,
      List<Integer> signatures,
      List<String> protocols) {
    return new ClientHello(
        legacy,
        "",
        suites,
        null,
        versions,
        List.of(),
        List.of(),
        extensions,
        signatures,
        protocols);
  }

  @Test
  void matchesThePublishedExample() {
    assertEquals(
        "t13d1516h2_8daaf6152771_e5627efa2ab1",
        Ja4.of(
            hello(
                0x0303,
                SUITES,
                List.of(0x0304, 0x0303),
                EXTENSIONS,
                SIGNATURES,
                List.of("h2", "http/1.1"))));
  }

  @Test
  void theOrderOfSuitesAndExtensionsAndGreaseChangeNothing() {
    assertEquals(
        "t13d1516h2_8daaf6152771_e5627efa2ab1",
        Ja4.of(
            hello(
                0x0303,
                withGrease(SUITES.reversed()),
                List.of(0x9a9a, 0x0304, 0x0303),
                withGrease(EXTENSIONS.reversed()),
                SIGNATURES,
                List.of("h2", "http/1.1"))));
  }

  private static List<Integer> withGrease(List<Integer> numbers) {
    List<Integer> out = new java.util.ArrayList<>(numbers);
    out.add(0, 0x3a3a);
    return out;
  }

  @Test
  void whoSendsLittleIsDescribedToo() {
    String bare =
        Ja4.of(hello(0x0301, List.of(0x000a), List.of(), List.of(), List.of(), List.of()));
    assertTrue(bare.matches("t10i010000_[0-9a-f]{12}_000000000000"), bare);
    String odd =
        Ja4.of(
            hello(0x0303, List.of(0x000a), List.of(), List.of(16), List.of(), List.of("\u00ab")));
    assertTrue(odd.startsWith("t12i0101ab_"), odd);
  }

  @Test
  void greaseIsTheSixteenNumbersAndNoOthers() {
    assertEquals(
        16, java.util.stream.IntStream.range(0, 65_536).filter(ClientHello::grease).count());
    assertTrue(ClientHello.grease(0xfafa) && !ClientHello.grease(0x0a1a));
  }
}

package org.sealwax.mail.tls.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.tls.wire.TlsSuite.Authentication;
import org.sealwax.mail.tls.wire.TlsSuite.Bulk;
import org.sealwax.mail.tls.wire.TlsSuite.Exchange;
import org.sealwax.mail.tls.wire.TlsSuite.Mode;

/** The tables, and what is derived from the names in them. */
final class TlsSuiteTest {
  @ParameterizedTest
  @CsvSource({
    "0001, RSA, RSA, NULL, NONE, 0, false",
    "0003, RSA, RSA, RC4, STREAM, 40, true",
    "0006, RSA, RSA, RC2, CBC, 40, true",
    "0005, RSA, RSA, RC4, STREAM, 128, false",
    "0009, RSA, RSA, DES, CBC, 56, false",
    "000a, RSA, RSA, TRIPLE_DES, CBC, 112, false",
    "0014, DHE, RSA, DES, CBC, 40, true",
    "0016, DHE, RSA, TRIPLE_DES, CBC, 112, false",
    "0018, DHE, ANONYMOUS, RC4, STREAM, 128, false",
    "0031, DH, RSA, AES, CBC, 128, false",
    "0041, RSA, RSA, CAMELLIA, CBC, 128, false",
    "0064, RSA, RSA, RC4, STREAM, 56, true",
    "009e, DHE, RSA, AES, AEAD, 128, false",
    "00a6, DHE, ANONYMOUS, AES, AEAD, 128, false",
    "1301, ANY, ANY, AES, AEAD, 128, false",
    "1303, ANY, ANY, CHACHA20, AEAD, 256, false",
    "1307, ANY, ANY, AEGIS, AEAD, 128, false",
    "c0b4, ANY, ANY, NULL, NONE, 0, false",
    "c004, ECDH, ECDSA, AES, CBC, 128, false",
    "c016, ECDHE, ANONYMOUS, RC4, STREAM, 128, false",
    "c02b, ECDHE, ECDSA, AES, AEAD, 128, false",
    "c030, ECDHE, RSA, AES, AEAD, 256, false",
    "c0a3, DHE, RSA, AES, AEAD, 256, false",
    "cca8, ECDHE, RSA, CHACHA20, AEAD, 256, false",
    "00ae, PSK, OTHER, AES, CBC, 128, false",
    "c037, DHE_PSK, OTHER, AES, CBC, 128, false",
    "c0aa, DHE_PSK, OTHER, AES, AEAD, 128, false",
    "00b6, RSA_PSK, RSA, AES, CBC, 128, false",
    "c01d, SRP, OTHER, AES, CBC, 128, false",
    "c100, GOST, OTHER, KUZNYECHIK, STREAM, 256, false",
    "feff, RSA, RSA, TRIPLE_DES, CBC, 112, false"
  })
  void derivesEverythingFromTheName(
      String id,
      Exchange exchange,
      Authentication authentication,
      Bulk bulk,
      Mode mode,
      int bits,
      boolean export) {
    TlsSuite suite = TlsSuite.of(Integer.parseInt(id, 16)).orElseThrow();
    assertEquals(exchange, suite.exchange(), suite.name());
    assertEquals(authentication, suite.authentication(), suite.name());
    assertEquals(bulk, suite.bulk(), suite.name());
    assertEquals(mode, suite.mode(), suite.name());
    assertEquals(bits, suite.bits(), suite.name());
    assertEquals(export, suite.export(), suite.name());
  }

  @Test
  void theTableIsWholeAndWithoutDoubles() {
    assertTrue(TlsSuite.all().size() >= 350, "only " + TlsSuite.all().size());
    Set<Integer> ids = new HashSet<>();
    int last = -1;
    for (TlsSuite suite : TlsSuite.all()) {
      assertTrue(ids.add(suite.id()), suite.name());
      assertTrue(suite.id() > last, "not ascending at " + suite.name());
      last = suite.id();
      assertEquals(suite.export(), suite.name().contains("EXPORT"));
      // A cipher with less than 56 bits that is not for export would be a mistake of the rule.
      assertTrue(suite.bits() >= 56 || suite.bits() == 0 || suite.export(), suite.name());
      assertEquals(suite.bulk() == Bulk.NULL, suite.bits() == 0, suite.name());
    }
  }

  @Test
  void forwardSecrecyAndVersionsFollow() {
    assertTrue(TlsSuite.of(0xc02f).orElseThrow().forwardSecret());
    assertFalse(TlsSuite.of(0x002f).orElseThrow().forwardSecret());
    assertFalse(TlsSuite.of(0xc004).orElseThrow().forwardSecret());
    assertTrue(TlsSuite.of(0x003c).orElseThrow().needsTls12());
    assertFalse(TlsSuite.of(0x002f).orElseThrow().needsTls12());
    assertTrue(TlsSuite.of(0x1302).orElseThrow().tls13());
    assertEquals("0xffee", TlsSuite.name(0xffee));
    assertTrue(TlsSuite.of(TlsSuite.FALLBACK_SCSV).isEmpty(), "a signal is no suite");
  }

  @Test
  void groupAndSchemePropertiesMatchTheTables() {
    assertEquals("x25519", NamedGroup.name(NamedGroup.X25519));
    assertTrue(NamedGroup.of(NamedGroup.X25519MLKEM768).orElseThrow().postQuantum());
    assertEquals(96, NamedGroup.of(19).orElseThrow().bits());
    assertEquals(NamedGroup.Kind.FIELD, NamedGroup.of(256).orElseThrow().kind());
    assertEquals("0xabcd", NamedGroup.name(0xabcd));
    assertTrue(SignatureScheme.of(0x0203).orElseThrow().brokenHash());
    assertFalse(SignatureScheme.of(0x0804).orElseThrow().brokenHash());
    assertEquals("ed25519", SignatureScheme.name(0x0807));
    assertEquals(
        List.of(),
        NamedGroup.all().stream().filter(g -> g.bits() == 0 && g.id() < 0xff00).toList());
  }
}

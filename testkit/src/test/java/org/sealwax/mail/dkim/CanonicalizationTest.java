package org.sealwax.mail.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.message.HeaderField;

/** RFC 6376 section 3.4. */
final class CanonicalizationTest {
  private static String hash(
      String body, Canonicalization canonical, OptionalLong limit, int block) {
    BodyHash hash = new BodyHash(canonical, limit);
    byte[] bytes = SignedMessages.bytes(body);
    for (int i = 0; i < bytes.length; i += block) {
      hash.feed(bytes, i, Math.min(block, bytes.length - i));
    }
    return Base64.getEncoder().encodeToString(hash.end());
  }

  private static String sha256(String text) {
    return Base64.getEncoder().encodeToString(BodyHash.sha256().digest(SignedMessages.bytes(text)));
  }

  private static String shown(String text) {
    return text.replace("R", "\r").replace("N", "\n").replace("_", " ").replace("T", "\t");
  }

  /** R is CR, N is LF, _ is a space and T a tab; the first is section 3.4.5. */
  @ParameterizedTest
  @CsvSource(
      emptyValue = "",
      value = {
        "_c_RNd_T_eRNRNRN,_c_RNd_T_eRN,_cRNd_eRN",
        "'',RN,''",
        "RN,RN,''",
        "RNRNRN,RN,''",
        "_,_RN,''",
        "_RN_RN,_RN_RN,''",
        "RNa,RNaRN,RNaRN",
        "a,aRN,aRN",
        "aRN,aRN,aRN",
        "aRNRN,aRN,aRN",
        "a_,a_RN,aRN",
        "aR,aRRN,aRRN",
        "aRRN,aRRN,aRRN",
        "aN,aNRN,aNRN",
        "aNNRNRNb,aNNRNRNbRN,aNNRNRNbRN",
        "aRNRRNRN,aRNRRN,aRNRRN",
        "aRN_T_RNbRN,aRN_T_RNbRN,aRNRNbRN",
        "aRN_T_RNRN,aRN_T_RN,aRN",
        "TTaTTbTT,TTaTTbTTRN,_a_bRN",
        "a_R_b,a_R_bRN,a_R_bRN",
        "_R,_RRN,_RRN",
        "\u00e4_\u00f6RN,\u00e4_\u00f6RN,\u00e4_\u00f6RN",
      })
  void bodiesHaveTheFormOfTheRfc(String body, String simple, String relaxed) {
    for (int block : new int[] {1, 2, 3, 1000}) {
      assertEquals(
          sha256(shown(simple)),
          hash(shown(body), Canonicalization.SIMPLE, OptionalLong.empty(), block),
          "simple");
      assertEquals(
          sha256(shown(relaxed)),
          hash(shown(body), Canonicalization.RELAXED, OptionalLong.empty(), block),
          "relaxed");
    }
  }

  /** The well-known hashes of an empty body. */
  @Test
  void emptyBodiesHaveTheKnownHashes() {
    assertEquals(
        "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=",
        hash("", Canonicalization.SIMPLE, OptionalLong.empty(), 1));
    assertEquals(
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        hash("", Canonicalization.RELAXED, OptionalLong.empty(), 1));
  }

  @Test
  void longLinesAndManyEmptyLinesAreNotKept() {
    String lines = "a" + "\r\n".repeat(5_001) + " \t".repeat(50_000) + "b".repeat(300_000);
    String relaxed = "a" + "\r\n".repeat(5_001) + " " + "b".repeat(300_000) + "\r\n";
    assertEquals(sha256(relaxed), hash(lines, Canonicalization.RELAXED, OptionalLong.empty(), 777));
    assertEquals(
        sha256(lines + "\r\n"), hash(lines, Canonicalization.SIMPLE, OptionalLong.empty(), 777));
  }

  @Test
  void aLengthCutsTheCanonicalBody() {
    String body = "a  b\r\n\r\n\r\nc\r\n\r\n";
    String relaxed = "a b\r\n\r\n\r\nc\r\n";
    for (int i = 0; i <= relaxed.length() + 2; i++) {
      assertEquals(
          sha256(relaxed.substring(0, Math.min(i, relaxed.length()))),
          hash(body, Canonicalization.RELAXED, OptionalLong.of(i), 3),
          "l=" + i);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "A:_X,a:X",
    "B_:_YTRNTZ__,b:Y Z",
    "A:,a:",
    "A:_RN_,a:",
    "A:xRN_RN_y,a:x y",
    "SubjECT:AbC_:_d,subject:AbC : d",
  })
  void relaxedFieldsHaveTheFormOfTheRfc(String field, String relaxed) {
    String raw = field.startsWith("Sub") ? field.replace("_", " ") : shown(field);
    HeaderField read = HeaderField.of(raw);
    assertEquals(
        relaxed, new String(Canonicalization.RELAXED.field(read), StandardCharsets.ISO_8859_1));
    assertEquals(
        Arrays.toString(SignedMessages.bytes(raw)),
        Arrays.toString(Canonicalization.SIMPLE.field(read)));
  }
}

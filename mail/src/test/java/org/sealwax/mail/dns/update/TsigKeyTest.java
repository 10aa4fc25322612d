package org.sealwax.mail.dns.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;

/** The three forms in which name servers print their keys, and what is in none of them. */
final class TsigKeyTest {
  /** Has both of the characters that a comment could begin with. */
  private static final String SECRET = "//8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0=";

  @Test
  void readsWhatNameServersPrint() {
    for (String text :
        List.of(
            "key \"update-1.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"%s\";\n};\n",
            "// for the router\nkey update-1.example. { secret %s; algorithm HMAC-SHA256.; };",
            "# hmac-sha256:update-1.example:other\nkey:\n  - id: update-1.example\n"
                + "    algorithm: hmac-sha256\n    secret: %s\n",
            "hmac-sha256:update-1.example:%s\n")) {
      TsigKey key = TsigKey.parse(text.formatted(SECRET));
      assertEquals(Domain.of("update-1.example"), key.name(), text);
      assertEquals(TsigKey.Algorithm.HMAC_SHA256, key.algorithm(), text);
      assertArrayEquals(Base64.getDecoder().decode(SECRET), key.secret().getEncoded(), text);
      assertEquals("update-1.example (hmac-sha256)", key.toString());
    }
  }

  @Test
  void refusesWhatIsNoKeyAndNeverQuotesIt() {
    for (String text :
        List.of(
            "",
            SECRET,
            "hmac-md5:name:" + SECRET,
            "hmac-sha256:name:c2hvcnQ=",
            "hmac-sha256:name:*" + SECRET,
            "hmac-sha256:a..b:" + SECRET,
            "key a { algorithm hmac-sha256; };" + SECRET,
            "key a { algorithm hmac-sha256; algorithm hmac-sha512; secret \"" + SECRET + "\"; };",
            ("key a { algorithm hmac-sha256; secret \"" + SECRET + "\"; };\n").repeat(2))) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> TsigKey.parse(text), text);
      assertFalse(String.valueOf(e.getMessage()).contains(SECRET), text);
    }
  }
}

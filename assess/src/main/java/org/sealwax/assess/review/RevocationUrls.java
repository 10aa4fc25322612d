package org.sealwax.assess.review;

import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a certificate states that its authority can be asked: the http addresses in its CRL
 * distribution points (RFC 5280 4.2.1.13) and authority information access (4.2.2.1).
 */
final class RevocationUrls {
  /** Addresses that are tried of each kind; authorities name one or two. */
  private static final int MOST = 2;

  private static final String DISTRIBUTION = "2.5.29.31";
  private static final String ACCESS = "1.3.6.1.5.5.7.1.1";

  /** id-ad-ocsp, 1.3.6.1.5.5.7.48.1, in DER. */
  private static final byte[] OCSP = {6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1};

  /** uniformResourceIdentifier [6] of GeneralName, primitive. */
  private static final int URI = 0x86;

  private RevocationUrls() {}

  static List<String> lists(X509Certificate certificate) {
    byte[] value = certificate.getExtensionValue(DISTRIBUTION);
    return value == null ? List.of() : uris(value, 0, false);
  }

  static List<String> responders(X509Certificate certificate) {
    byte[] value = certificate.getExtensionValue(ACCESS);
    return value == null ? List.of() : uris(value, 0, true);
  }

  /**
   * The addresses in the order in which they stand. Looks for their tags rather than parsing what
   * is around them: a wrong hit is an address that does not answer.
   */
  private static List<String> uris(byte[] value, int from, boolean onlyOcsp) {
    List<String> found = new ArrayList<>();
    for (int i = from; i + 2 < value.length && found.size() < MOST; i++) {
      boolean wanted = !onlyOcsp || behind(value, i);
      int length = value[i + 1] & 0xff;
      if ((value[i] & 0xff) == URI && wanted && length < 0x80 && i + 2 + length <= value.length) {
        String text = new String(value, i + 2, length, StandardCharsets.ISO_8859_1);
        if (text.startsWith("http://") && text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
          found.add(text);
        }
      }
    }
    return found;
  }

  private static boolean behind(byte[] value, int at) {
    if (at < OCSP.length) {
      return false;
    }
    for (int i = 0; i < OCSP.length; i++) {
      if (value[at - OCSP.length + i] != OCSP[i]) {
        return false;
      }
    }
    return true;
  }
}

package org.sealwax.mail.dkim;

import java.util.Arrays;
import java.util.List;

/** What verifiers find where the public half of a signing key should be published. */
public enum KeyPublication {
  /** The key. */
  PUBLISHED,
  /** The key, with {@code t=y}: verifiers may treat signed mail as unsigned. */
  TESTING,
  /** No key record. */
  MISSING,
  /** More than one key record (RFC 6376 section 3.6.2.2). */
  SEVERAL,
  /** A record with an empty {@code p=}. */
  REVOKED,
  /** Another key. */
  OTHER_KEY,
  /** A key for another algorithm ({@code k=}). */
  OTHER_TYPE,
  /** A key for other services than mail ({@code s=}). */
  NOT_FOR_MAIL,
  /** A record that is in error. */
  UNUSABLE;

  /**
   * {@return what verifiers find}
   *
   * @param key signs
   * @param records the TXT records at {@link DkimSigningKey#recordName}; others than keys are
   *     ignored
   */
  public static KeyPublication of(DkimSigningKey key, List<String> records) {
    List<String> keys = records.stream().filter(DkimKey::isKeyRecord).toList();
    if (keys.size() != 1) {
      return keys.isEmpty() ? MISSING : SEVERAL;
    }
    try {
      DkimKey found = DkimKey.parse(keys.getFirst());
      if (found.key().length == 0) {
        return REVOKED;
      }
      if (!found.type().equals(key.algorithm().keyType())) {
        return OTHER_TYPE;
      }
      if (found.services().stream().noneMatch(s -> s.equals("*") || s.equals("email"))) {
        return NOT_FOR_MAIL;
      }
      byte[] open =
          switch (key.algorithm()) {
            case RSA_SHA256 -> found.rsa().getEncoded();
            case ED25519_SHA256 -> found.ed25519();
          };
      if (!Arrays.equals(open, key.publicKey())) {
        return OTHER_KEY;
      }
      return found.testing() ? TESTING : PUBLISHED;
    } catch (DkimFailure e) {
      return UNUSABLE;
    }
  }
}

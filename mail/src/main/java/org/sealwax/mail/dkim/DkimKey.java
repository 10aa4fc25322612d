package org.sealwax.mail.dkim;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A public key as the DNS has it (RFC 6376 section 3.6.1, RFC 8463 section 4), read strictly.
 *
 * @param type {@code k=}
 * @param key {@code p=}, decoded; empty: the key is revoked
 * @param services {@code s=}
 * @param testing {@code t=y}: the domain tests DKIM
 * @param exactIdentity {@code t=s}: the domain of {@code i=} must be that of {@code d=}
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record DkimKey(
    String type, byte[] key, Set<String> services, boolean testing, boolean exactIdentity) {
  /** Characters of a record: one with a key of 4096 bits has 750. */
  static final int MAX_SIZE = 4_096;

  /** RFC 8301 section 3.2: signatures of shorter keys are not valid. */
  static final int LEAST_BITS = 1_024;

  /** RFC 8301 section 3.2: verifiers support keys up to this size. Larger ones cost too much. */
  static final int MOST_BITS = 4_096;

  /** Exponents in use have 2 or 17 bits; longer ones only cost time. */
  private static final int MAX_EXPONENT_BITS = 64;

  private static final int ED25519_BYTES = 32;

  private static final byte[] RSA_ENCRYPTION = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
  };

  /** The one key among the TXT records of a name; other records there are ignored. */
  static DkimKey of(List<String> records) throws DkimFailure {
    List<String> keys = records.stream().filter(DkimKey::isKeyRecord).toList();
    if (keys.isEmpty()) {
      throw permanent("there is no key record");
    }
    if (keys.size() > 1) {
      // RFC 6376 section 3.6.2.2: the result is undefined, and we define it.
      throw permanent("there are several key records");
    }
    return parse(keys.getFirst());
  }

  /** Whether a record claims to be a key: by its version, or without one by its {@code p=}. */
  static boolean isKeyRecord(String record) {
    return TagList.parse(record)
        .map(
            tags -> {
              String version = tags.text("v");
              return version == null ? tags.text("p") != null : version.equals("DKIM1");
            })
        .orElse(record.stripLeading().startsWith("v=DKIM1"));
  }

  static DkimKey parse(String record) throws DkimFailure {
    if (record.length() > MAX_SIZE) {
      throw permanent("the key record is longer than " + MAX_SIZE + " characters");
    }
    TagList tags =
        TagList.parse(record).orElseThrow(() -> permanent("the key record is malformed"));
    String version = tags.text("v");
    if (version != null && !(version.equals("DKIM1") && tags.first().equals("v"))) {
      throw permanent("the key record has an unknown version");
    }
    String hashes = tags.text("h");
    if (hashes != null && !names(hashes).contains("sha256")) {
      throw permanent("the key is not for SHA-256");
    }
    Set<String> flags = names(tags.text("t"));
    String p = tags.text("p");
    if (p == null) {
      throw permanent("the key record has no p=");
    }
    String type = tags.text("k");
    String services = tags.text("s");
    return new DkimKey(
        type == null ? "rsa" : type,
        decoded(TagList.withoutSpace(p)),
        services == null ? Set.of("*") : names(services),
        flags.contains("y"),
        flags.contains("s"));
  }

  private static byte[] decoded(String base64) throws DkimFailure {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw permanent("p= is not Base64");
    }
  }

  private static Set<String> names(@Nullable String list) {
    return list == null
        ? Set.of()
        : Set.copyOf(Arrays.stream(list.split(":", -1)).map(TagList::trimmed).toList());
  }

  private static DkimFailure permanent(String reason) {
    return new DkimFailure(DkimStatus.PERMERROR, reason);
  }

  /** Throws unless this key may verify such a signature (RFC 6376 section 6.1.2). */
  void requireFit(DkimSignature signature, Set<String> served) throws DkimFailure {
    if (key.length == 0) {
      throw permanent("the key is revoked");
    }
    if (!type.equals(signature.algorithm().keyType())) {
      throw permanent("the key is of another type than the signature");
    }
    if (!services.contains("*") && services.stream().noneMatch(served::contains)) {
      throw permanent("the key is not for mail");
    }
    if (exactIdentity && !signature.identityDomain().equals(signature.domain())) {
      throw permanent("the key does not allow i= in a subdomain");
    }
  }

  /** The key as an RSA key of a size that counts. */
  RSAPublicKey rsa() throws DkimFailure {
    RSAPublicKey rsa;
    try {
      rsa = rsaKey();
    } catch (GeneralSecurityException | RuntimeException e) {
      throw permanent("the key is not an RSA key");
    }
    int bits = rsa.getModulus().bitLength();
    if (bits < LEAST_BITS) {
      throw new DkimFailure(DkimStatus.POLICY, "the key has less than " + LEAST_BITS + " bits");
    }
    if (bits > MOST_BITS || rsa.getPublicExponent().bitLength() > MAX_EXPONENT_BITS) {
      throw new DkimFailure(DkimStatus.POLICY, "the key has more than " + MOST_BITS + " bits");
    }
    return rsa;
  }

  /** A SubjectPublicKeyInfo, as domains publish it, or the bare key that the RFC speaks of. */
  private RSAPublicKey rsaKey() throws GeneralSecurityException {
    KeyFactory keys = KeyFactory.getInstance("RSA");
    try {
      return (RSAPublicKey) keys.generatePublic(new X509EncodedKeySpec(key));
    } catch (GeneralSecurityException e) {
      byte[] bits = tlv(0x03, concat(new byte[1], key));
      byte[] wrapped = tlv(0x30, concat(RSA_ENCRYPTION, bits));
      return (RSAPublicKey) keys.generatePublic(new X509EncodedKeySpec(wrapped));
    }
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  /** Tag, length and value in DER; a record's size needs two bytes of length at most. */
  private static byte[] tlv(int tag, byte[] value) {
    byte[] head = {(byte) tag, (byte) 0x82, (byte) (value.length >> 8), (byte) value.length};
    return concat(head, value);
  }

  byte[] ed25519() throws DkimFailure {
    if (key.length != ED25519_BYTES) {
      throw permanent("the key is not an Ed25519 key");
    }
    return key;
  }
}

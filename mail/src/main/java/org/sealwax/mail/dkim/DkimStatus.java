package org.sealwax.mail.dkim;

/** Result of a signature, in the words of RFC 8601 section 2.7.1. */
public enum DkimStatus {
  /** The signature is valid. */
  PASS("pass"),
  /** The signature or the body hash does not match. */
  FAIL("fail"),
  /** The signature is malformed, or of a kind that is not known. */
  NEUTRAL("neutral"),
  /** The key could not be looked up; a later attempt may succeed. */
  TEMPERROR("temperror"),
  /** The message cannot be verified: for example there is no such key. */
  PERMERROR("permerror"),
  /** The signature is not acceptable: the key is too short, or the signature has expired. */
  POLICY("policy");

  private final String word;

  DkimStatus(String word) {
    this.word = word;
  }

  /** {@return the word of RFC 8601} */
  public String word() {
    return word;
  }
}

package org.sealwax.testkit.tls;

import java.math.BigInteger;
import java.security.SecureRandom;
import org.bouncycastle.crypto.agreement.DHStandardGroups;
import org.bouncycastle.tls.crypto.DHGroup;

/** Diffie-Hellman groups that no peer should accept. */
final class WeakDhGroups {
  private static final class GeneratedPrimes {
    // A prime is enough: no client checks whether it is a safe one.
    private static final BigInteger P512 = BigInteger.probablePrime(512, new SecureRandom());
  }

  private WeakDhGroups() {}

  static DHGroup dh512() {
    return new DHGroup(GeneratedPrimes.P512, null, BigInteger.TWO, 0);
  }

  static DHGroup dh768() {
    return new DHGroup(
        DHStandardGroups.rfc2409_768.getP(), null, DHStandardGroups.rfc2409_768.getG(), 0);
  }

  static DHGroup dh1024() {
    return new DHGroup(
        DHStandardGroups.rfc2409_1024.getP(), null, DHStandardGroups.rfc2409_1024.getG(), 0);
  }
}

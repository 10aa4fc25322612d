package org.sealwax.mail.policy;

import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.tls.verdict.TlsFloor;

/**
 * The lowest TLS versions for policy rows that name none.
 *
 * @param ifOffered where plaintext is the alternative: weak TLS may be better than none
 * @param always where TLS is demanded; never lower than the other
 */
public record TlsFloors(
    @Setting(
            name = "floor",
            fallback = "1.2",
            doc = "Lowest TLS version where the alternative is plaintext.")
        TlsFloor ifOffered,
    @Setting(
            name = "floor_always",
            fallback = "1.2",
            doc = "Lowest TLS version where TLS is required; at least \"floor\".")
        TlsFloor always) {
  /** TLS 1.2 for both (RFC 8996, RFC 9325 3.1.1). */
  public static final TlsFloors DEFAULT = new TlsFloors(TlsFloor.DEFAULT, TlsFloor.DEFAULT);

  /** Checks the order. */
  public TlsFloors {
    InvalidSetting.because("floor_always is below floor")
        .of("floor_always")
        .help("the version for required TLS must not be lower than for optional TLS")
        .throwIf(always.lowest().compareTo(ifOffered.lowest()) < 0);
  }
}

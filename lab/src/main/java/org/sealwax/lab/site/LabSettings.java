package org.sealwax.lab.site;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * How a lab is set up.
 *
 * @param zone its part of the DNS: {@code lab.example}
 * @param dns where its DNS server listens; port 0: a free one
 * @param smtpPort of its hosts
 * @param httpsPort of its policy hosts
 * @param addresses of its hosts
 * @param scale by which long times are divided; 1 for the times of the standards
 * @param results what the address of a result begins with, as written in replies
 */
public record LabSettings(
    String zone,
    InetSocketAddress dns,
    int smtpPort,
    int httpsPort,
    AddressSource addresses,
    int scale,
    String results) {
  /** The default scale: five minutes become five seconds. */
  public static final int SCALE = 60;

  /** Checks. */
  public LabSettings {
    if (scale < 1) {
      throw new IllegalArgumentException("the time scale must be 1 or more");
    }
  }

  /** On loopback, with the real ports, in {@code lab.example}. */
  public static LabSettings defaults() {
    return new LabSettings(
        "lab.example",
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
        25,
        443,
        AddressSource.loopback(),
        SCALE,
        "lab:");
  }

  /** The same with other ports: for tests and users without privileges. */
  public LabSettings withPorts(int smtp, int https) {
    return SettingsRecord.with(this, Map.of("smtpPort", smtp, "httpsPort", https));
  }

  /** The same with the DNS server elsewhere. */
  public LabSettings withDns(InetSocketAddress at) {
    return SettingsRecord.with(this, Map.of("dns", at));
  }

  /** The same with other addresses. */
  public LabSettings with(AddressSource others) {
    return SettingsRecord.with(this, Map.of("addresses", others));
  }

  /** The same with another scale. */
  public LabSettings withScale(int other) {
    return SettingsRecord.with(this, Map.of("scale", other));
  }

  /** A long time, made shorter. */
  Duration scaled(Duration time) {
    return time.dividedBy(scale);
  }
}

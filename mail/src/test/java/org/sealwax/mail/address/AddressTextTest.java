package org.sealwax.mail.address;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 5952 section 4. */
final class AddressTextTest {
  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1",
    "2001:0db8:0:0:0:0:0:1, 2001:db8::1",
    "2001:DB8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "0:0:0:0:0:0:0:0, ::",
    "0:0:0:0:0:0:0:1, ::1",
    "2001:db8:0:0:0:0:0:0, 2001:db8::",
    "fe80:0:0:0:1:2:3:4%1, fe80::1:2:3:4",
    "1:2:3:4:5:6:7:abcd, 1:2:3:4:5:6:7:abcd"
  })
  void oneFormForEachAddress(String address, String text) {
    assertEquals(text, AddressText.of(InetAddress.ofLiteral(address)));
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1:25",
    "2001:0db8:0:0:0:0:0:1, [2001:db8::1]:25",
    "fe80:0:0:0:0:0:0:1%1, [fe80::1%1]:25"
  })
  void withPortAndZone(String address, String text) {
    assertEquals(text, AddressText.of(new InetSocketAddress(InetAddress.ofLiteral(address), 25)));
  }
}

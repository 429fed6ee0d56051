import { afterEach } from "bun:test";
import { type HouseOptions, LoqaHouse } from "./loqa-house.ts";

/** Houses of the tests of one file: each is closed when the test that opened it is over. */
export function openedHouses() {
  const houses: LoqaHouse[] = [];
  afterEach(async () => {
    for (const house of houses.splice(0)) await house.close();
  });
  const open = async (options?: HouseOptions): Promise<LoqaHouse> => {
    const house = await LoqaHouse.open(options);
    houses.push(house);
    return house;
  };
  return { houses, open };
}

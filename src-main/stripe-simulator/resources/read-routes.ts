import type { Route } from '../route.ts';
import type { CollectionName, Collections, World } from '../world.ts';

/** The two calls that read a resource: its list, and one object by its id. `present` is what is shown of the one. */
export function readRoutes<Name extends CollectionName, Parameters>(resource: {
  url: string;
  collection: Name;
  permission: string;
  list: (world: World, parameters: Parameters) => object;
  present?: (object: Collections[Name]) => object;
}): readonly Route[] {
  const { url, permission, present } = resource;
  return [
    {
      method: 'GET',
      path: url,
      permission,
      handle: (world, { parameters }) => resource.list(world, parameters),
    },
    {
      method: 'GET',
      path: `${url}/{id}`,
      permission,
      handle(world, { path: { id = '' } }) {
        const object = world.collection(resource.collection).need(id);
        return present === undefined ? object : present(object);
      },
    },
  ];
}
